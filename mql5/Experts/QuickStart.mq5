// QuickStart.mq5: the smallest expert over the library's five functions. It streams the chart's
// symbol, and goes on where an earlier run ended. TickStreamer.mq5 does many symbols and shows how
// it is doing.
#property copyright "the trading-protobuf authors"
#property version "1.00"
#property description "The smallest expert over the five functions: streams the chart's symbol."

#include <TradingProtobuf\Library.mqh>
#include <TradingProtobuf\TokenFile.mqh>
#include <TradingProtobuf\Wording.mqh>

input string InpEndpoint = "wss://gateway.example.com/ws/mt5";  // Endpoint
input string InpTokenFile = "tpb-token.txt";                    // Token file in MQL5\Files

bool joined;         // the session that all programs of the terminal share
long newest_msc;     // of the ticks sent ...
int sent_at_newest;  // ... and how many had that very time

// False: the library took none of them, and the same ones are read again.
bool SendNewTicks()
{
   MqlTick ticks[];
   const int copied =
      CopyTicks(_Symbol, ticks, COPY_TICKS_ALL, (ulong)newest_msc, (uint)(1000 + sent_at_newest));
   int first = 0;
   while(first < copied && first < sent_at_newest && ticks[first].time_msc == newest_msc)
      first++;
   const int count = copied - first;
   if(count <= 0)
      return true;

   string symbols = "";
   double bids[];
   double asks[];
   long times[];
   ArrayResize(bids, count);
   ArrayResize(asks, count);
   ArrayResize(times, count);
   for(int i = 0; i < count; i++)
   {
      symbols += (i == 0 ? "" : ",") + _Symbol;  // one name a tick
      bids[i] = ticks[first + i].bid;
      asks[i] = ticks[first + i].ask;
      times[i] = ticks[first + i].time_msc;
   }
   if(SendTickBatch(symbols, bids, asks, times, count) < 0)
      return false;

   int same = 1;
   while(same < count && times[count - 1 - same] == times[count - 1])
      same++;
   sent_at_newest = times[count - 1] == newest_msc ? sent_at_newest + same : same;
   newest_msc = times[count - 1];
   return true;
}

int OnInit()
{
   joined = false;
   string token = "";
   string problem = TpbLibraryProblem();
   if(problem == "" && TpbReadTokenFile(InpTokenFile, token, problem))
   {
      joined = InitializeProtobuf() >= 0;
      if(!joined || ConnectWebSocket(InpEndpoint, token) < 0)  // connects in the background
         problem = TpbErrorText(TPB_THIS_THREAD);
   }
   if(problem != "")
   {
      Alert("TPB: " + problem);
      return INIT_FAILED;
   }
   MqlTick tick;
   if(TpbCursor(TPB_DEFAULT_SESSION, _Symbol, newest_msc, sent_at_newest) != 1)
   {
      newest_msc =
         SymbolInfoTick(_Symbol, tick) ? tick.time_msc : ((long)TimeTradeServer() - 60) * 1000;
      sent_at_newest = 0;
   }
   EventSetMillisecondTimer(100);
   return INIT_SUCCEEDED;
}

// Not OnTick: the terminal calls it once where several ticks came.
void OnTimer()
{
   const bool accepted = SendNewTicks();
   Comment("gateway: ", TpbStateText(GetConnectionStatus()),
           accepted ? "" : "; " + TpbErrorText(TPB_THIS_THREAD));
}

void OnDeinit(const int reason)
{
   EventKillTimer();
   Comment("");
   if(joined)
      CleanupProtobuf();  // at most 0.9 s; what is left goes on after the next start
   joined = false;
}
