// The expert that suggests itself, and loses ticks: it sends what OnTick finds. For
// test_honesty.py, which shows that the loss is seen.
#include <TradingProtobuf\Native.mqh>
#include <TradingProtobuf\TokenFile.mqh>

input string InpEndpoint = "";
input string InpTokenFile = "tpb-token.txt";

int OnInit()
{
   string token;
   string problem;
   if(!TpbReadTokenFile(InpTokenFile, token, problem) || InitializeProtobuf() < 0)
      return INIT_FAILED;
   return ConnectWebSocket(InpEndpoint, token) < 0 ? INIT_FAILED : INIT_SUCCEEDED;
}

void OnTick()
{
   MqlTick tick;
   if(!SymbolInfoTick(_Symbol, tick))
      return;
   double bids[1];
   double asks[1];
   long times[1];
   bids[0] = tick.bid;
   asks[0] = tick.ask;
   times[0] = tick.time_msc;
   SendTickBatch(_Symbol, bids, asks, times, 1);
}

void OnDeinit(const int reason)
{
   CleanupProtobuf();
}
