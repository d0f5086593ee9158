// ProtocolBuffer.mqh: the data half of a gateway connection, for your own expert: market data that
// comes from the gateway, and this terminal's own ticks that go there.

#include <TradingProtobuf\MarketFeed.mqh>
#include <TradingProtobuf\TickPump.mqh>

#define TPB_STREAMED_REPAIR_HOURS 72  // after a restart, ticks of so long are made up for
#define TPB_STALE_AFTER_S 30

class CProtocolBuffer
{
private:
   CMarketFeed m_feed;
   CTickPump m_pump;
   TpbMarketData m_messages[];

public:
   void Clear()
   {
      m_feed.Clear(TPB_STALE_AFTER_S);
      m_pump.Clear();
   }

   // Asks the gateway for these symbols and no others, "EURUSD,GBPUSD". timeframe: of the bars in
   // the indicators, "1m", "5m", "1h", "1d", or "tick". Returns how many could be asked for; what
   // the gateway refuses is told in the journal.
   int SubscribeToSymbols(CTpbSession &session, const string symbols, const string timeframe)
   {
      return m_feed.Subscribe(session, symbols, timeframe);
   }

   // Streams this terminal's own ticks up, "EURUSD,GBPUSD". Returns how many of them this broker
   // has.
   int StreamSymbols(CTpbSession &session, const string symbols)
   {
      return m_pump.Add(session, symbols, TPB_STREAMED_REPAIR_HOURS);
   }

   // Takes what came since the last call, and hands on the ticks of StreamSymbols; for OnTimer.
   // Returns the number of messages of the gateway.
   int ProcessIncomingData(CTpbSession &session)
   {
      m_pump.Repair(session);
      m_pump.Pump(session);
      m_feed.Watch(session);
      const ulong deadline_ms = GetTickCount64() + TPB_HANDLER_MS;
      int taken = 0;
      int count = m_feed.Poll(session, m_messages);
      while(count > 0)
      {
         taken += count;
         if(count < ArraySize(m_messages) || GetTickCount64() > deadline_ms)
            return taken;
         count = m_feed.Poll(session, m_messages);
      }
      return taken;
   }

   // The gateway's newest price and indicators; false = none yet, or not subscribed to. Look at
   // `live` before you use them: 0 is what was known before an interruption.
   bool GetLatestData(CTpbSession &session, const string symbol, TpbMarketData &data) const
   {
      return session.IsOpen() && TpbLatest(session.Handle(), symbol, m_feed.Timeframe(), data) == 1;
   }

   // Of StreamSymbols: how many ticks were accepted, and the newest.
   long Streamed() const { return m_pump.Taken(); }
   bool GetStreamedTick(const string symbol, MqlTick &tick) const
   {
      return m_pump.Newest(symbol, tick);
   }
};
