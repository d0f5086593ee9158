// IndicatorLines.mqh: the gateway's moving averages and bands as lines on the chart.

#include "Native.mqh"

#define TPB_LINE_PREFIX "TPB_line_"

// Lines of what is stale are grey and dotted, and say so.
class CIndicatorLines
{
private:
   string m_note;  // behind each name: of what, and whether stale
   bool m_live;

   void Line(const string name, const double price, const color tone, const ENUM_LINE_STYLE style);

public:
   CIndicatorLines() : m_note(""), m_live(false) {}

   void Show(const TpbMarketData &data, const bool live, const string timeframe);
   void Remove();
};

void CIndicatorLines::Show(const TpbMarketData &data, const bool live, const string timeframe)
{
   m_live = live;
   m_note = " (" + timeframe + ", gateway)" + (live ? "" : " STALE");
   Line("SMA 20", data.sma_20, clrDodgerBlue, STYLE_SOLID);
   Line("SMA 50", data.sma_50, clrRoyalBlue, STYLE_SOLID);
   Line("EMA 12", data.ema_12, clrGold, STYLE_SOLID);
   Line("EMA 26", data.ema_26, clrOrange, STYLE_SOLID);
   Line("Bollinger upper", data.bollinger_upper, clrMediumPurple, STYLE_DASH);
   Line("Bollinger middle", data.bollinger_middle, clrMediumPurple, STYLE_DASH);
   Line("Bollinger lower", data.bollinger_lower, clrMediumPurple, STYLE_DASH);
   ChartRedraw(0);
}

void CIndicatorLines::Remove()
{
   if(ObjectsDeleteAll(0, TPB_LINE_PREFIX) > 0)
      ChartRedraw(0);
}

void CIndicatorLines::Line(const string name, const double price, const color tone,
                           const ENUM_LINE_STYLE style)
{
   const string object = TPB_LINE_PREFIX + name;
   if(!MathIsValidNumber(price))
   {
      ObjectDelete(0, object);
      return;
   }
   if(ObjectFind(0, object) < 0)
   {
      ObjectCreate(0, object, OBJ_HLINE, 0, 0, price);
      ObjectSetInteger(0, object, OBJPROP_BACK, true);
      ObjectSetInteger(0, object, OBJPROP_SELECTABLE, false);
      ObjectSetInteger(0, object, OBJPROP_HIDDEN, true);
   }
   ObjectSetDouble(0, object, OBJPROP_PRICE, price);
   ObjectSetInteger(0, object, OBJPROP_COLOR, m_live ? tone : clrGray);
   ObjectSetInteger(0, object, OBJPROP_STYLE, m_live ? style : STYLE_DOT);
   ObjectSetString(0, object, OBJPROP_TOOLTIP, name + m_note);
}
