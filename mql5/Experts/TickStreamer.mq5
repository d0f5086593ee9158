// TickStreamer.mq5: streams every tick of the chosen symbols to a gateway. It needs no chart of
// theirs, and it sends no orders.
#property copyright "the trading-protobuf authors"
#property version "1.00"
#property description "Streams every tick of the chosen symbols to a gateway, acknowledged."
#property description "Needs TradingProtobuf.dll in MQL5\\Libraries and 'Allow DLL imports'."

#include <TradingProtobuf\StatusPanel.mqh>
#include <TradingProtobuf\TickPump.mqh>

#define PUMP_MS 50

// clang-format off
input group "Gateway"
input string InpEndpoint       = "wss://gateway.example.com/ws/mt5";  // Endpoint
input string InpBackupEndpoint = "";                                  // Backup endpoint
input string InpTokenFile      = "tpb-token.txt";                     // Token file in MQL5\Files
input string InpTokenText      = "";                                  // Token itself (unsafe: inputs are seen)
input string InpCaFile         = "";                                  // Private CA, a PEM file
input group "Ticks"
input string InpSymbols        = "EURUSD,GBPUSD,USDJPY,USDCHF,AUDUSD,USDCAD,NZDUSD,EURGBP,EURJPY,GBPJPY";  // Symbols
input int    InpBatchTicks     = 5;                                   // Batch size, ticks
input int    InpFlushMs        = 100;                                 // ... or flush after, ms
input int    InpRepairHours    = 72;                                  // Repair from history, hours
input string InpQuality        = "flag";                              // Doubtful ticks: off, flag, refuse
input group "Journal and display"
input string InpJournal        = "auto";                              // Journal: auto, none or a folder
input bool   InpPanel          = true;                                // Status panel
input bool   InpAlerts         = true;                                // Alerts on loss and recovery
// clang-format on

CTpbSession session;
CTickPump pump;
CStatusPanel panel;
ulong next_second_ms;

void ShowPanel()
{
   panel.Begin();
   panel.Line("TickStreamer to " + InpEndpoint);
   panel.Session(session);
   panel.Line(
      StringFormat("%d symbols", pump.Symbols()) +
      (pump.Behind() > 0 ? StringFormat(", history of %d is being repaired", pump.Behind()) : ""));
   if(pump.LeftOut() > 0)
      panel.Line(StringFormat("%I64d ticks left out for their quality", pump.LeftOut()), clrOrange);
   panel.End();
}

int OnInit()
{
   CTpbSettings settings;
   settings.Set("endpoint", InpEndpoint);
   settings.Set("backup_endpoint", InpBackupEndpoint);
   if(InpTokenText == "")
      settings.SetTokenFile(InpTokenFile);
   else
      settings.SetToken(InpTokenText);
   settings.SetPath("ca_file", InpCaFile);
   settings.Set("batch_ticks", InpBatchTicks);
   settings.Set("flush_ms", InpFlushMs);
   settings.Set("quality", InpQuality);
   settings.SetJournal(InpJournal);
   if(!session.Open(settings, InpAlerts))
      return INIT_FAILED;

   pump.Clear();
   if(pump.Add(session, InpSymbols, InpRepairHours) == 0)
   {
      Alert("TPB: none of the symbols can be streamed: " + InpSymbols);
      return INIT_PARAMETERS_INCORRECT;
   }
   next_second_ms = 0;
   EventSetMillisecondTimer(PUMP_MS);
   return INIT_SUCCEEDED;
}

void OnTick()
{
   pump.Pump(session);
}

void OnTimer()
{
   pump.Repair(session);
   pump.Pump(session);
   session.PollEvents();
   if(GetTickCount64() < next_second_ms)
      return;
   next_second_ms = GetTickCount64() + 1000;
   session.RenewToken();
   if(InpPanel)
      ShowPanel();
}

void OnDeinit(const int reason)
{
   EventKillTimer();
   session.Close(TPB_CLOSE_MS);
   panel.Remove();
}
