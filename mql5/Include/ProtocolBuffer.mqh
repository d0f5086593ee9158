// ProtocolBuffer.mqh: the data half of a gateway connection, for your own expert.
//
// This release streams up: the symbols that are subscribed to go to the gateway as Protocol
// Buffers, and what GetLatestData gives are this terminal's own ticks. Market data of the gateway's
// own comes with a later release of TradingProtobuf.dll; SubscribeToSymbols says so.

#include <TradingProtobuf\TickPump.mqh>

#define TPB_SUBSCRIBED_REPAIR_HOURS 72  // after a restart, ticks of so long are made up for

class CProtocolBuffer
{
private:
   CTickPump m_pump;

public:
   // Streams symbols up, "EURUSD,GBPUSD". Returns how many of them this broker has.
   int SubscribeToSymbols(CTpbSession &session, const string symbols)
   {
      const int found = m_pump.Add(session, symbols, TPB_SUBSCRIBED_REPAIR_HOURS);
      PrintFormat(
         "TPB: %d symbols of this terminal are streamed to the gateway. Market data from "
         "the gateway needs a later TradingProtobuf.dll.",
         found);
      return found;
   }

   // Takes the ticks that came since the last call; for OnTimer. Returns how many.
   int ProcessIncomingData(CTpbSession &session)
   {
      const long before = m_pump.Taken();
      m_pump.Repair(session);
      m_pump.Pump(session);
      return (int)(m_pump.Taken() - before);
   }

   // The newest tick taken; false = none yet, or not subscribed to.
   bool GetLatestData(const string symbol, MqlTick &tick) const
   {
      return m_pump.Newest(symbol, tick);
   }

   void Clear() { m_pump.Clear(); }
};
