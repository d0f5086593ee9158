// MarketTable.mqh: the gateway's market data, a few labels a symbol.

#include "MarketFeed.mqh"
#include "StatusPanel.mqh"

#define TPB_NAME_COLUMNS 10

// A name that is too long for its column ends with '~'.
string TpbColumnText(const string text, const int columns)
{
   return StringLen(text) <= columns ? text : StringSubstr(text, 0, columns - 1) + "~";
}

// How the market data of the session is.
void TpbShowMarket(CStatusPanel &panel, CTpbSession &session, CMarketFeed &feed)
{
   TpbMarketStatusInfo status;
   if(!session.MarketStatus(status))
   {
      panel.Line("not open: " + session.Problem(), clrTomato);
      return;
   }
   const color tone = panel.Tone(status.state);
   panel.Line(TpbStateText(status.state) + (status.endpoint > 0 ? ", backup gateway" : ""), tone);
   panel.Line(StringFormat("%d of %d symbols, tier %s, indicators of %s", status.subscriptions,
                           feed.Rows(), TpbTierText(status.tier), feed.Timeframe()));
   if(feed.IsWaitingForPairs())
      panel.Line("the gateway has not chosen pairs yet", clrOrange);
   const long left_out = status.ticks_left_out + status.messages_overflowed;
   if(left_out > 0)
      panel.Line(
         StringFormat("%I64d ticks left out: they came faster than they were read", left_out),
         clrOrange);
   if(status.problem != TPB_OK)
      panel.Line(session.Problem(), tone);
}

void TpbShowIndicators(CStatusPanel &panel, const TpbMarketData &data, const int digits,
                       const color tone)
{
   panel.Line("  SMA " + TpbNumberText(data.sma_20, digits) + " " +
                 TpbNumberText(data.sma_50, digits) + "  EMA " +
                 TpbNumberText(data.ema_12, digits) + " " + TpbNumberText(data.ema_26, digits) +
                 "  RSI " + TpbNumberText(data.rsi, 1),
              tone);
   panel.Line("  MACD " + TpbNumberText(data.macd_line, digits + 1) + " " +
                 TpbNumberText(data.macd_signal, digits + 1) + "  BB " +
                 TpbNumberText(data.bollinger_lower, digits) + " " +
                 TpbNumberText(data.bollinger_middle, digits) + " " +
                 TpbNumberText(data.bollinger_upper, digits),
              tone);
}

// What is stale says so in a word and a colour of its own.
void TpbShowPrices(CStatusPanel &panel, CMarketRow *shown, const bool indicators)
{
   TpbMarketData data;
   if(!shown.Newest(data))
      return;
   const int digits = shown.Digits();
   const bool live = shown.IsLive();
   string market_session = TpbMarketSessionText(data.market_session);
   if(market_session != "")
      market_session += data.session_open != 0 ? " open" : " closed";
   panel.Line(
      StringFormat("%-10s %9s %9s %7s %-5s %s", TpbColumnText(shown.Name(), TPB_NAME_COLUMNS),
                   TpbNumberText(data.bid, digits), TpbNumberText(data.ask, digits),
                   TpbAgeText(data.age_ms), live ? "live" : "STALE", market_session),
      live ? clrLimeGreen : clrOrange);
   if(indicators)
      TpbShowIndicators(panel, data, digits, live ? clrSilver : clrGray);
}

void TpbShowRow(CStatusPanel &panel, CMarketRow *shown, const bool indicators)
{
   if(shown.IsKnown())
      TpbShowPrices(panel, shown, indicators);
   if(shown.State() == TPB_SUBSCRIPTION_REFUSED)
      panel.Line(shown.Name() + " refused: " + shown.Refusal(), clrTomato);
   else if(!shown.IsKnown())
      panel.Line(
         StringFormat("%-10s %s", TpbColumnText(shown.Name(), TPB_NAME_COLUMNS),
                      shown.State() == TPB_SUBSCRIPTION_ACTIVE ? "subscribed, no price yet"
                                                               : "asked for, no answer yet"),
         clrOrange);
}

void TpbShowRows(CStatusPanel &panel, CMarketFeed &feed, const bool indicators)
{
   panel.Line("symbol           bid       ask     age");
   for(int i = 0; i < feed.Rows(); i++)
      TpbShowRow(panel, feed.At(i), indicators);
}
