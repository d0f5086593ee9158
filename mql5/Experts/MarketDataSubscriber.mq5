// MarketDataSubscriber.mq5: a gateway's market data on the chart: prices and indicators in a table,
// lines at the chart's own symbol, and on demand custom symbols for the terminal's own charts.
// Nothing is streamed up.
#property copyright "the trading-protobuf authors"
#property version "1.00"
#property description "Shows a gateway's prices and indicators, and how fresh they are."
#property description "Needs TradingProtobuf.dll in MQL5\\Libraries and 'Allow DLL imports'."

#include <TradingProtobuf\CustomFeed.mqh>
#include <TradingProtobuf\IndicatorLines.mqh>
#include <TradingProtobuf\MarketTable.mqh>

#define TAKE_MS 100
#define SHOW_MS 500
#define HANDLER_MS 20  // of taking messages; the rest has its turn in the next call

// clang-format off
input group "Gateway"
input string InpEndpoint       = "wss://gateway.example.com/ws/mt5";  // Endpoint
input string InpBackupEndpoint = "";                                  // Backup endpoint
input string InpTokenFile      = "tpb-token.txt";                     // Token file in MQL5\Files
input string InpCaFile         = "";                                  // Private CA, a PEM file
input group "Market data"
input string InpSymbols        = "";                                  // Symbols (empty: as the gateway chooses)
input string InpTimeframe      = "1m";                                // Indicators of: tick, 1m, 5m, 1h, 1d
input int    InpStaleAfterS    = 30;                                  // STALE after s without a price (0: never)
input group "Display"
input bool   InpIndicators     = true;                                // Indicators in the table
input bool   InpLines          = true;                                // Lines at the chart's own symbol
input bool   InpAlerts         = true;                                // Alerts on loss and recovery
input group "Custom symbols"
input bool   InpCustomSymbols  = false;                               // Feed custom symbols
input string InpCustomSuffix   = ".srv";                              // Suffix: EURUSD is EURUSD.srv
input string InpCustomGroup    = "Gateway";                           // Group
// clang-format on

CTpbSession session;
CMarketFeed feed;
CCustomFeed custom;
CStatusPanel panel;
CIndicatorLines lines;
TpbMarketData messages[];
ulong next_show_ms;

void ShowPanel()
{
   panel.Begin();
   panel.Line("MarketDataSubscriber at " + InpEndpoint);
   TpbShowMarket(panel, session, feed);
   TpbShowRows(panel, feed, InpIndicators);
   if(InpCustomSymbols)
      panel.Line(StringFormat("%I64d ticks in custom symbols", custom.Fed()));
   if(custom.Backwards() > 0)
      panel.Line(StringFormat("%I64d ticks left out: their time ran backwards", custom.Backwards()),
                 clrOrange);
   if(custom.Failed() > 0)
      panel.Line(StringFormat("%I64d ticks not taken by custom symbols", custom.Failed()),
                 clrTomato);
   panel.End();
}

void ShowLines()
{
   TpbMarketData data;
   CMarketRow *own = feed.OfChart(_Symbol);
   if(CheckPointer(own) != POINTER_INVALID && own.Newest(data))
      lines.Show(data, own.IsLive(), feed.Timeframe());
   else
      lines.Remove();
}

void TakeMessages()
{
   const ulong deadline_ms = GetTickCount64() + HANDLER_MS;
   int count = feed.Poll(session, messages);
   while(count > 0)
   {
      if(InpCustomSymbols)
         custom.Feed(feed, messages, count);
      if(count < ArraySize(messages) || GetTickCount64() > deadline_ms)
         return;
      count = feed.Poll(session, messages);
   }
}

// False: none of the symbols can be asked for.
bool Subscribe()
{
   feed.Clear(InpStaleAfterS);
   custom.Clear(InpCustomSuffix, InpCustomGroup);
   if(InpSymbols != "")
      return feed.Subscribe(session, InpSymbols, InpTimeframe) > 0;
   // Pairs are the user's, as the token is.
   return feed.Follow(session, InpTokenFile + ".pairs", TpbPlainName(_Symbol), InpTimeframe);
}

int OnInit()
{
   CTpbSettings settings;
   settings.Set("endpoint", InpEndpoint);
   settings.Set("backup_endpoint", InpBackupEndpoint);
   settings.SetTokenFile(InpTokenFile);
   settings.SetPath("ca_file", InpCaFile);
   settings.Set("stream_ticks", "no");
   settings.Set("market_cache", "auto");  // the last known state, at once after a restart
   if(!session.Open(settings, InpAlerts))
      return INIT_FAILED;
   if(!Subscribe())
      return INIT_PARAMETERS_INCORRECT;  // the feed has said why

   next_show_ms = 0;
   EventSetMillisecondTimer(TAKE_MS);
   return INIT_SUCCEEDED;
}

void OnTimer()
{
   session.PollEvents();
   TakeMessages();
   if(GetTickCount64() < next_show_ms)
      return;
   next_show_ms = GetTickCount64() + SHOW_MS;
   session.RenewToken();
   feed.Watch(session);
   ShowPanel();
   if(InpLines)
      ShowLines();
}

void OnDeinit(const int reason)
{
   EventKillTimer();
   session.Close(TPB_CLOSE_MS);
   lines.Remove();
   panel.Remove();
}
