// MarketDataSubscriber.mq5: a gateway's market data on the chart, as far as this release goes: it
// connects, tells how the connection is doing, and shows the terminal's own prices, by name as
// such. Market data from the gateway needs a later TradingProtobuf.dll. Nothing is streamed up.
#property copyright "the trading-protobuf authors"
#property version "1.00"
#property description "Connects to a gateway and shows how the connection is doing."
#property description "Market data from the gateway needs a later TradingProtobuf.dll."

#include <TradingProtobuf\StatusPanel.mqh>
#include <TradingProtobuf\SymbolMap.mqh>

// clang-format off
input group "Gateway"
input string InpEndpoint  = "wss://gateway.example.com/ws/mt5";  // Endpoint
input string InpTokenFile = "tpb-token.txt";                     // Token file in MQL5\Files
input string InpCaFile    = "";                                  // Private CA, a PEM file
input group "Display"
input string InpSymbols   = "EURUSD,GBPUSD,USDJPY";              // Symbols
input bool   InpAlerts    = true;                                // Alerts on loss and recovery
// clang-format on

CTpbSession session;
CStatusPanel panel;
string symbols[];  // by the broker's names

void FindSymbols()
{
   string names[];
   const int total = StringSplit(InpSymbols, ',', names);
   ArrayResize(symbols, 0);
   for(int i = 0; i < total; i++)
   {
      StringTrimLeft(names[i]);
      StringTrimRight(names[i]);
      const string symbol = TpbBrokerSymbol(names[i]);
      const int size = ArraySize(symbols);
      if(symbol == "" || !SymbolSelect(symbol, true))
         Print("TPB: this broker has no " + names[i]);
      else if(ArrayResize(symbols, size + 1) > size)
         symbols[size] = symbol;
   }
}

void ShowPanel()
{
   panel.Begin();
   panel.Line("MarketDataSubscriber at " + InpEndpoint);
   panel.Session(session);
   panel.Line("Server data: needs a later TradingProtobuf.dll.", clrOrange);
   panel.Line("This terminal's own prices:");
   for(int i = 0; i < ArraySize(symbols); i++)
   {
      MqlTick tick;
      const int digits = (int)SymbolInfoInteger(symbols[i], SYMBOL_DIGITS);
      if(SymbolInfoTick(symbols[i], tick))
         panel.Line(symbols[i] + "  " + DoubleToString(tick.bid, digits) + " / " +
                    DoubleToString(tick.ask, digits) + "  " +
                    TimeToString(tick.time, TIME_DATE | TIME_SECONDS));
      else
         panel.Line(symbols[i] + "  no quote yet");
   }
   panel.End();
}

int OnInit()
{
   CTpbSettings settings;
   settings.Set("endpoint", InpEndpoint);
   settings.SetTokenFile(InpTokenFile);
   settings.SetPath("ca_file", InpCaFile);
   if(!session.Open(settings, InpAlerts))
      return INIT_FAILED;

   FindSymbols();
   Print(
      "TPB: subscribed to nothing yet: market data from the gateway needs a later "
      "TradingProtobuf.dll. The prices shown are this terminal's own.");
   EventSetMillisecondTimer(500);
   return INIT_SUCCEEDED;
}

void OnTimer()
{
   session.PollEvents();
   session.RenewToken();
   ShowPanel();
}

void OnDeinit(const int reason)
{
   EventKillTimer();
   session.Close(TPB_CLOSE_MS);
   panel.Remove();
}
