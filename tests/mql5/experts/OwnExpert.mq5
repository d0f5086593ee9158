// What a user's own expert over the two thin headers looks like: for test_other_experts.py.
#include <WebSocketClient.mqh>

input string InpEndpoint = "";
input string InpTokenFile = "tpb-token.txt";
input string InpStreamed = "EURUSD,GBPUSD,NOSUCH";
input string InpSubscribed = "EURUSD,GBPUSD";

CWebSocketClient client;
int taken;

int OnInit()
{
   string token;
   string problem;
   if(!TpbReadTokenFile(InpTokenFile, token, problem) ||
      !client.ConnectToServer(InpEndpoint, token))
   {
      Print("cannot connect: ", problem, client.Problem());
      return INIT_FAILED;
   }
   string names[];
   StringSplit(InpSubscribed, ',', names);
   Print("streams ", client.StreamSymbols(InpStreamed), ", subscribed to ",
         client.SubscribeToSymbols(names));
   EventSetMillisecondTimer(50);
   return INIT_SUCCEEDED;
}

void OnTimer()
{
   taken += client.ProcessIncomingData();
   TpbMarketData data;
   MqlTick tick;
   const bool known = client.GetLatestData("EURUSD", data);
   const bool streamed = client.GetStreamedTick("EURUSD", tick);
   Comment(taken, " messages, newest ", known ? DoubleToString(data.bid, 5) : "none",
           known && data.live != 0 ? " live" : " stale", "; streamed ", client.Streamed(),
           ", newest ", streamed ? DoubleToString(tick.bid, 5) : "none", ", ",
           client.IsConnected() ? "connected" : "not connected");
}

void OnDeinit(const int reason)
{
   EventKillTimer();
   client.Disconnect();
}
