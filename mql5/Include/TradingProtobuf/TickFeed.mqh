// TickFeed.mqh: every tick of one symbol.

#include "Session.mqh"

#define TPB_CACHE_TICKS 2000         // well within the 4096 that the terminal has at hand
#define TPB_REPAIR_WINDOW_MS 600000  // history is repaired in pieces of ten minutes
#define TPB_CHUNK_TICKS 256          // one call to the library; small, as a call is all or nothing
#define TPB_PATIENCE_MS 600000       // with history that the terminal is still loading

// Takes a symbol's ticks out of the terminal's history, which has all of them, and not out of
// OnTick, which skips. The cursor says what was taken: all before `m_time_msc`, and the first
// `m_count` of that very millisecond, for real ticks share one. It moves when the library has
// accepted ticks, so that refused ones are asked for again.
//
// A feed begins behind: it repairs piece by piece with CopyTicksRange, which may wait for the disk
// or the broker and belongs in OnTimer. Then it is live: CopyTicks out of the terminal's cache.
class CTickFeed
{
private:
   string m_name;       // as the gateway knows it
   string m_symbol;     // as the broker calls it
   int m_repair_hours;  // how far back history is repaired at the most
   bool m_begun;        // the cursor has its first place
   bool m_live;         // nothing is to be repaired
   long m_time_msc;
   int m_count;
   ulong m_loading_since_ms;  // 0 = the terminal gives all it is asked for
   int m_error;               // the terminal's newest error, told once
   long m_taken;
   long m_left_out;
   MqlTick m_newest;
   MqlTick m_ticks[];  // what the terminal gave
   MqlTick m_chunk[];  // what goes to the library in one call

   bool Begin(CTpbSession &session);
   long Now() const;
   bool IsWhole(const int copied);
   int Known(const int copied) const;
   bool Forward(CTpbSession &session, const int copied);
   void Advance(const int count);

public:
   CTickFeed();

   // False: the terminal has no such symbol.
   bool Open(CTpbSession &session, const string name, const string symbol, const int repair_hours);

   void Pump(CTpbSession &session);    // when live; for any handler
   void Repair(CTpbSession &session);  // when not; for OnTimer
   void FallBehind() { m_live = false; }

   string Name() const { return m_name; }
   bool IsLive() const { return m_live; }
   long Taken() const { return m_taken; }
   long LeftOut() const { return m_left_out; }
   bool Newest(MqlTick &tick) const;
};

CTickFeed::CTickFeed()
    : m_name(""),
      m_symbol(""),
      m_repair_hours(0),
      m_begun(false),
      m_live(false),
      m_time_msc(0),
      m_count(0),
      m_loading_since_ms(0),
      m_error(0),
      m_taken(0),
      m_left_out(0)
{
   ZeroMemory(m_newest);
}

bool CTickFeed::Open(CTpbSession &session, const string name, const string symbol,
                     const int repair_hours)
{
   m_name = name;
   m_symbol = symbol;
   m_repair_hours = repair_hours;
   if(!SymbolSelect(symbol, true))
      return false;
   m_begun = Begin(session);
   return true;
}

void CTickFeed::Pump(CTpbSession &session)
{
   const int wanted = TPB_CACHE_TICKS + m_count;
   ResetLastError();
   const int copied = CopyTicks(m_symbol, m_ticks, COPY_TICKS_ALL, (ulong)m_time_msc, (uint)wanted);
   if(!IsWhole(copied))
      return;
   Forward(session, copied);
   if(copied == wanted)
      FallBehind();  // beyond the cache it may take long
}

void CTickFeed::Repair(CTpbSession &session)
{
   if(!m_begun)
      m_begun = Begin(session);
   if(!m_begun)
      return;
   const long end = m_time_msc + TPB_REPAIR_WINDOW_MS;
   const bool last = end >= Now();
   ResetLastError();
   const int copied =
      CopyTicksRange(m_symbol, m_ticks, COPY_TICKS_ALL, (ulong)m_time_msc, (ulong)end);
   if(!IsWhole(copied) || !Forward(session, copied))
      return;
   if(last)
   {
      m_live = true;
      ArrayFree(m_ticks);
   }
   else
   {
      m_time_msc = end + 1;  // this piece is done, also where it held no tick
      m_count = 0;
   }
}

bool CTickFeed::Newest(MqlTick &tick) const
{
   tick = m_newest;
   return m_newest.time_msc > 0;
}

// Where to begin: behind the newest tick that the library holds or has held; without one, at the
// current quote. False: the terminal is not connected, and does not know.
bool CTickFeed::Begin(CTpbSession &session)
{
   if(TerminalInfoInteger(TERMINAL_CONNECTED) == 0)
      return false;
   const long now = Now();
   const bool known = session.Cursor(m_name, m_time_msc, m_count);
   const long oldest = now - (long)m_repair_hours * 3600000;
   // Times are the trade server's: one that is still to come is another broker's.
   const long latest = ((long)TimeTradeServer() + 60) * 1000;
   if(known && m_time_msc >= oldest && m_time_msc <= latest)
      return true;
   if(known)
      PrintFormat(
         "TPB: %s: its newest tick sent is of %s, not of this broker's last %d hours; what "
         "is older than that is not repaired",
         m_name, TimeToString((datetime)(m_time_msc / 1000), TIME_DATE | TIME_SECONDS),
         m_repair_hours);
   m_time_msc = known && m_time_msc < oldest ? oldest : now;
   m_count = 0;
   return true;
}

// Time of the symbol's newest quote by the trade server's clock, in milliseconds; without a quote,
// of the market's newest, or a moment ago.
long CTickFeed::Now() const
{
   MqlTick tick;
   if(SymbolInfoTick(m_symbol, tick) && tick.time_msc > 0)
      return tick.time_msc;
   return (long)(TimeCurrent() > 0 ? TimeCurrent() : TimeTradeServer() - 60) * 1000;
}

// History that is still being loaded comes with holes: it is asked for again, for some minutes.
bool CTickFeed::IsWhole(const int copied)
{
   const int error = GetLastError();
   if(copied >= 0 && error != ERR_HISTORY_TIMEOUT)
   {
      m_loading_since_ms = 0;
      m_error = 0;
      return true;
   }
   if(error != m_error)
      PrintFormat("TPB: the terminal does not give the ticks of %s yet (error %d)", m_symbol,
                  error);
   m_error = error;
   SymbolSelect(m_symbol, true);  // somebody may have hidden it

   const ulong now_ms = GetTickCount64();
   if(m_loading_since_ms == 0)
      m_loading_since_ms = now_ms;
   if(copied < 0 || now_ms < m_loading_since_ms + TPB_PATIENCE_MS)
      return false;
   PrintFormat("TPB: going on with what the terminal has of %s: ticks may be missing", m_symbol);
   m_loading_since_ms = 0;
   return true;
}

// How many of `m_ticks` were taken earlier: those that share the cursor's millisecond.
int CTickFeed::Known(const int copied) const
{
   int known = 0;
   while(known < copied && known < m_count && m_ticks[known].time_msc == m_time_msc)
      known++;
   return known;
}

// Hands on what is new. False: the library refused; the cursor stands before what it refused.
bool CTickFeed::Forward(CTpbSession &session, const int copied)
{
   int size = TPB_CHUNK_TICKS;
   int at = Known(copied);
   while(at < copied)
   {
      const int count = ArrayCopy(m_chunk, m_ticks, 0, at, MathMin(size, copied - at));
      const int result = session.Send(m_name, m_chunk, count);
      if(result == TPB_E_BAD_TICK && count > 1)
      {
         size = 1;  // one by one, so that only the bad one is left out
         continue;
      }
      if(result == TPB_E_BAD_TICK)
         m_left_out++;
      else if(result < 0)
         return false;
      else
         m_taken += count;
      Advance(count);
      at += count;
   }
   return true;
}

void CTickFeed::Advance(const int count)
{
   m_newest = m_chunk[count - 1];
   int same = 1;
   while(same < count && m_chunk[count - 1 - same].time_msc == m_newest.time_msc)
      same++;
   m_count = m_newest.time_msc == m_time_msc ? m_count + same : same;
   m_time_msc = m_newest.time_msc;
}
