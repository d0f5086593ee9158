// TickPump.mqh: every tick of every chosen symbol.

#include "SymbolMap.mqh"
#include "TickFeed.mqh"

#define TPB_HANDLER_MS 20  // work of one call; what remains has its turn in the next

// Pump() is for any handler, Repair() for OnTimer. Neither waits for the gateway: what the library
// refuses stays in the terminal's history and is asked for again.
class CTickPump
{
private:
   CTickFeed m_feeds[];
   int m_turn;        // the feed that had the last turn
   bool m_connected;  // the terminal to the broker

   bool AddOne(CTpbSession &session, const string entry, const int repair_hours);
   int Find(const string name) const;
   void WatchBroker();
   void Visit(CTpbSession &session, const bool repair);

public:
   CTickPump() : m_turn(0), m_connected(false) {}

   // Adds symbols, "EURUSD,GBPUSD=GBPUSDpro": names as the gateway is to know them, where needed
   // with the broker's behind. Returns how many of them this broker has.
   int Add(CTpbSession &session, const string symbols, const int repair_hours);
   void Clear();

   void Pump(CTpbSession &session) { Visit(session, false); }
   void Repair(CTpbSession &session) { Visit(session, true); }

   int Symbols() const { return ArraySize(m_feeds); }
   int Behind() const;    // symbols whose history is being repaired
   long Taken() const;    // ticks that the library accepted
   long LeftOut() const;  // ticks that it would not have, for their quality
   bool Newest(const string name, MqlTick &tick) const;
};

int CTickPump::Add(CTpbSession &session, const string symbols, const int repair_hours)
{
   string entries[];
   const int total = StringSplit(symbols, ',', entries);
   int found = 0;
   for(int i = 0; i < total; i++)
      if(AddOne(session, entries[i], repair_hours))
         found++;
   return found;
}

bool CTickPump::AddOne(CTpbSession &session, const string entry, const int repair_hours)
{
   string name = "";
   string symbol = "";
   if(!TpbSplitEntry(entry, name, symbol))
      return false;
   if(Find(name) >= 0)
      return true;

   const string broker_symbol = TpbBrokerSymbol(symbol);
   if(broker_symbol == "")
   {
      Print("TPB: this broker has no " + symbol + ". If it has another name here, write " + name +
            "=ITS_NAME.");
      return false;
   }
   const int size = ArraySize(m_feeds);
   ArrayResize(m_feeds, size + 1);
   if(!m_feeds[size].Open(session, name, broker_symbol, repair_hours))
   {
      PrintFormat("TPB: %s cannot be shown in the Market Watch (error %d)", broker_symbol,
                  GetLastError());
      ArrayResize(m_feeds, size);
      return false;
   }
   if(broker_symbol != name)
      Print("TPB: " + name + " is " + broker_symbol + " here");
   return true;
}

void CTickPump::Clear()
{
   ArrayResize(m_feeds, 0);
   m_turn = 0;
   m_connected = false;
}

int CTickPump::Behind() const
{
   int behind = 0;
   for(int i = Symbols() - 1; i >= 0; i--)
      if(!m_feeds[i].IsLive())
         behind++;
   return behind;
}

long CTickPump::Taken() const
{
   long taken = 0;
   for(int i = Symbols() - 1; i >= 0; i--)
      taken += m_feeds[i].Taken();
   return taken;
}

long CTickPump::LeftOut() const
{
   long left_out = 0;
   for(int i = Symbols() - 1; i >= 0; i--)
      left_out += m_feeds[i].LeftOut();
   return left_out;
}

bool CTickPump::Newest(const string name, MqlTick &tick) const
{
   const int at = Find(name);
   return at >= 0 && m_feeds[at].Newest(tick);
}

int CTickPump::Find(const string name) const
{
   for(int i = Symbols() - 1; i >= 0; i--)
      if(m_feeds[i].Name() == name)
         return i;
   return -1;
}

// After an outage the cache goes on with new ticks; the missed ones are in the broker's history.
void CTickPump::WatchBroker()
{
   const bool connected = TerminalInfoInteger(TERMINAL_CONNECTED) != 0;
   if(connected && !m_connected)
      for(int i = Symbols() - 1; i >= 0; i--)
         m_feeds[i].FallBehind();
   m_connected = connected;
}

void CTickPump::Visit(CTpbSession &session, const bool repair)
{
   WatchBroker();
   const ulong deadline_ms = GetTickCount64() + TPB_HANDLER_MS;
   const int total = Symbols();
   for(int i = 0; i < total && session.IsTaking() && GetTickCount64() <= deadline_ms; i++)
   {
      m_turn = (m_turn + 1) % total;
      if(m_feeds[m_turn].IsLive() && !repair)
         m_feeds[m_turn].Pump(session);
      if(!m_feeds[m_turn].IsLive() && repair)
         m_feeds[m_turn].Repair(session);
   }
}
