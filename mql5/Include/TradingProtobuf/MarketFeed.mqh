// MarketFeed.mqh: the market data that the gateway sends, of all symbols asked for.

#include "MarketRow.mqh"
#include "PairFile.mqh"

#define TPB_POLLED_MESSAGES 64  // taken from the library in one call

// Poll() takes what came, for each OnTimer; Watch() looks after the subscriptions, once or twice a
// second. Neither waits for the gateway: the library connects, and asks again for what was asked
// for after each reconnect.
class CMarketFeed
{
private:
   CMarketRow m_rows[];
   int m_order[];  // the rows in use, as they are to be shown
   string m_timeframe;
   long m_quiet_after_ms;
   bool m_follows;     // the pairs that the gateway chooses
   string m_followed;  // pairs that are subscribed to
   string m_pair_file;

   int Choose(CTpbSession &session, const string symbols);
   int OpenRow(CTpbSession &session, const string name, const string symbol);
   void CloseOthers(CTpbSession &session, const string &names[]);
   int FindName(const string name) const;
   void FollowPairs(CTpbSession &session);
   void TellQuiet(CTpbSession &session, const string names) const;

public:
   CMarketFeed() { Clear(30); }

   // Forgets all; for a session that is opened. A price that is older counts as stale; 0 = none.
   void Clear(const int stale_after_s);

   // Asks for symbols, "EURUSD,GBPUSD=GBPUSDpro": names as the gateway knows them, where needed
   // with the broker's behind; for these and no others. Returns how many could be asked for.
   int Subscribe(CTpbSession &session, const string symbols, const string timeframe);
   // Asks for the pairs that the gateway chooses for this user, and goes with each change of them.
   // Until it says: those of the file in MQL5\Files, which remembers them; else for `until`. False:
   // not even for that.
   bool Follow(CTpbSession &session, const string pair_file, const string until,
               const string timeframe);

   int Poll(CTpbSession &session, TpbMarketData &data[]) const;
   void Watch(CTpbSession &session);

   int Rows() const { return ArraySize(m_order); }
   CMarketRow *At(const int place) { return GetPointer(m_rows[m_order[place]]); }
   CMarketRow *OfSubscription(const int subscription);  // NULL = none
   CMarketRow *OfChart(const string symbol);            // NULL = none
   string Timeframe() const { return m_timeframe; }
   bool IsWaitingForPairs() const { return m_follows && m_followed == ""; }
};

void CMarketFeed::Clear(const int stale_after_s)
{
   ArrayResize(m_rows, 0);
   ArrayResize(m_order, 0);
   m_timeframe = "";
   m_quiet_after_ms = (long)stale_after_s * 1000;
   m_follows = false;
   m_followed = "";
   m_pair_file = "";
}

int CMarketFeed::Subscribe(CTpbSession &session, const string symbols, const string timeframe)
{
   m_timeframe = timeframe;
   m_follows = false;
   const int asked = Choose(session, symbols);
   Watch(session);
   return asked;
}

bool CMarketFeed::Follow(CTpbSession &session, const string pair_file, const string until,
                         const string timeframe)
{
   m_timeframe = timeframe;
   m_follows = true;
   m_followed = "";
   m_pair_file = pair_file;
   // Something must be: a connection is made for a subscription only.
   int asked = Choose(session, TpbReadPairs(pair_file));
   if(asked == 0)
      asked = Choose(session, until);
   Watch(session);
   return asked > 0;
}

// Takes messages that were not taken yet, oldest first. Returns how many; all of `data` = there may
// be more.
int CMarketFeed::Poll(CTpbSession &session, TpbMarketData &data[]) const
{
   if(!session.IsOpen())
      return 0;
   if(ArraySize(data) < TPB_POLLED_MESSAGES)
      ArrayResize(data, TPB_POLLED_MESSAGES);
   return MathMax(TpbPollMarketData(session.Handle(), data, ArraySize(data)), 0);
}

void CMarketFeed::Watch(CTpbSession &session)
{
   if(!session.IsOpen())
      return;
   if(m_follows)
      FollowPairs(session);
   string quiet = "";
   for(int i = 0; i < Rows(); i++)
   {
      const int at = m_order[i];
      const bool was_live = m_rows[at].IsLive();
      m_rows[at].Refresh(session, m_quiet_after_ms);
      const string refusal = m_rows[at].NewRefusal();
      if(refusal != "")
         session.Say(refusal, true);
      if(was_live && m_rows[at].IsQuiet())
         quiet += (quiet == "" ? "" : ", ") + m_rows[at].Name();
   }
   if(quiet != "")
      TellQuiet(session, quiet);
}

// A connection that is lost is told by the session.
void CMarketFeed::TellQuiet(CTpbSession &session, const string names) const
{
   session.Say(StringFormat("no price for %I64d s: ", m_quiet_after_ms / 1000) + names +
                  ". The market is closed or quiet, or nobody streams them to the gateway; they "
                  "are shown as STALE",
               false);
}

void CMarketFeed::FollowPairs(CTpbSession &session)
{
   ushort text[];
   const int needed = TpbPairs(session.Handle(), text, 0);
   if(needed <= 1 || ArrayResize(text, needed + 64) < needed)
      return;
   ArrayInitialize(text, 0);
   TpbPairs(session.Handle(), text, ArraySize(text));
   const string pairs = ShortArrayToString(text);
   if(pairs == "" || pairs == m_followed)
      return;
   m_followed = pairs;
   Choose(session, pairs);
   TpbWritePairs(m_pair_file, pairs);
}

// Subscribes to what is new in the list and ends what is not in it any more.
int CMarketFeed::Choose(CTpbSession &session, const string symbols)
{
   if(!session.IsOpen())
      return 0;
   string entries[];
   string names[];
   string broker_symbols[];
   int total = 0;
   const int listed = StringSplit(symbols, ',', entries);
   for(int i = 0; i < listed; i++)
   {
      string name = "";
      string symbol = "";
      if(!TpbSplitEntry(entries[i], name, symbol))
         continue;
      ArrayResize(names, total + 1);
      ArrayResize(broker_symbols, total + 1);
      names[total] = name;
      broker_symbols[total] = symbol;
      total++;
   }

   CloseOthers(session, names);  // first: the tier counts them all
   ArrayResize(m_order, 0);
   int asked = 0;
   for(int i = 0; i < total; i++)
   {
      int at = FindName(names[i]);
      if(at < 0)
         at = OpenRow(session, names[i], broker_symbols[i]);
      bool repeated = false;
      for(int k = Rows() - 1; k >= 0; k--)
         repeated = repeated || m_order[k] == at;
      if(repeated)
         continue;
      const int place = Rows();
      ArrayResize(m_order, place + 1);
      m_order[place] = at;
      if(m_rows[at].Subscription() > 0)
         asked++;
   }
   return asked;
}

void CMarketFeed::CloseOthers(CTpbSession &session, const string &names[])
{
   for(int at = ArraySize(m_rows) - 1; at >= 0; at--)
   {
      bool kept = false;
      for(int i = ArraySize(names) - 1; i >= 0; i--)
         kept = kept || names[i] == m_rows[at].Name();
      if(!kept && m_rows[at].Name() != "")
         m_rows[at].Close(session);
   }
}

int CMarketFeed::OpenRow(CTpbSession &session, const string name, const string symbol)
{
   int at = FindName("");
   if(at < 0)
   {
      at = ArraySize(m_rows);
      ArrayResize(m_rows, at + 1);
   }
   m_rows[at].Open(session, name, symbol, m_timeframe);
   return at;
}

int CMarketFeed::FindName(const string name) const
{
   for(int at = ArraySize(m_rows) - 1; at >= 0; at--)
      if(m_rows[at].Name() == name)
         return at;
   return -1;
}

CMarketRow *CMarketFeed::OfSubscription(const int subscription)
{
   for(int i = Rows() - 1; i >= 0; i--)
      if(m_rows[m_order[i]].Subscription() == subscription)
         return At(i);
   return NULL;
}

// By the broker's name; a custom symbol by the gateway's.
CMarketRow *CMarketFeed::OfChart(const string symbol)
{
   const string name = TpbPlainName(symbol);
   for(int i = 0; i < Rows(); i++)
   {
      const int at = m_order[i];
      if(m_rows[at].Symbol() == symbol || m_rows[at].Name() == symbol || m_rows[at].Name() == name)
         return At(i);
   }
   return NULL;
}
