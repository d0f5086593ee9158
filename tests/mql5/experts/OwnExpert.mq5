// What a user's own expert over the two thin headers looks like: for test_own_expert.py.
#include <WebSocketClient.mqh>

input string InpEndpoint = "";
input string InpTokenFile = "tpb-token.txt";

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
   Print("subscribed to ", client.SubscribeToSymbols("EURUSD,GBPUSD,NOSUCH"));
   EventSetMillisecondTimer(50);
   return INIT_SUCCEEDED;
}

void OnTimer()
{
   taken += client.ProcessIncomingData();
   MqlTick tick;
   const bool known = client.GetLatestData("EURUSD", tick);
   Comment(taken, " ", known ? DoubleToString(tick.bid, 5) : "none", " ",
           client.IsConnected() ? "connected" : "not connected");
}

void OnDeinit(const int reason)
{
   EventKillTimer();
   client.Disconnect();
}
