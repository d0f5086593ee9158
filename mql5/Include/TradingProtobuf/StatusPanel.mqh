// StatusPanel.mqh: how a session is doing, in labels on the chart.

#include "Session.mqh"

#define TPB_PANEL_PREFIX "TPB_panel_"
#define TPB_PANEL_COLUMNS 60  // the terminal cuts a label's text at 63 characters
#define TPB_PANEL_ROW_HEIGHT 16

// Begin(), then lines from top to bottom, then End(). A long line is wrapped.
class CStatusPanel
{
private:
   int m_rows;   // written since Begin
   int m_shown;  // on the chart

   string RowName(const int row) const { return TPB_PANEL_PREFIX + IntegerToString(row); }
   void Row(const string text, const color tone);

public:
   CStatusPanel() : m_rows(0), m_shown(0) {}

   void Begin() { m_rows = 0; }
   void Line(const string text) { Line(text, (color)ChartGetInteger(0, CHART_COLOR_FOREGROUND)); }
   void Line(const string text, const color tone);
   void Session(CTpbSession &session);
   color Tone(const int state) const;
   void End();
   void Remove();
};

void CStatusPanel::Line(const string text, const color tone)
{
   string rest = text;
   while(StringLen(rest) > TPB_PANEL_COLUMNS)
   {
      int end = TPB_PANEL_COLUMNS;
      while(end > 0 && StringGetCharacter(rest, end) != ' ')
         end--;
      if(end == 0)
         end = TPB_PANEL_COLUMNS;  // one long word
      Row(StringSubstr(rest, 0, end), tone);
      rest = StringSubstr(rest, end);
      StringTrimLeft(rest);
   }
   Row(rest, tone);
}

// State, rate, what waits for acknowledgement, the newest problem.
void CStatusPanel::Session(CTpbSession &session)
{
   TpbStatusInfo status;
   if(!session.Status(status))
   {
      Line("not open: " + session.Problem(), clrTomato);
      return;
   }
   const color tone = Tone(status.state);
   Line(TpbStateText(status.state) + (status.endpoint > 0 ? ", backup gateway" : ""), tone);
   Line(StringFormat("%.1f ticks/s, %I64d accepted", status.ticks_per_s, status.ticks_accepted));
   if(status.delivery == TPB_DELIVERY_UNACKNOWLEDGED)
      Line("best effort: this gateway does not acknowledge", clrOrange);
   else
      Line(StringFormat("%I64d acknowledged, %I64d not yet (oldest %.1f s)",
                        status.ticks_acknowledged,
                        status.ticks_accepted - status.ticks_acknowledged - status.ticks_dropped,
                        (double)status.oldest_unacknowledged_ms / 1000.0));
   if(status.ticks_dropped > 0)
      Line(StringFormat("%I64d given up", status.ticks_dropped), clrTomato);
   if(status.problem != TPB_OK)
      Line(session.Problem(), tone);
}

void CStatusPanel::End()
{
   for(int row = m_rows; row < m_shown; row++)
      ObjectDelete(0, RowName(row));
   m_shown = m_rows;
   ChartRedraw(0);
}

void CStatusPanel::Remove()
{
   ObjectsDeleteAll(0, TPB_PANEL_PREFIX);
   m_shown = 0;
   ChartRedraw(0);
}

color CStatusPanel::Tone(const int state) const
{
   switch(state)
   {
      case TPB_STATE_CONNECTED: return clrLimeGreen;
      case TPB_STATE_HALTED: return clrTomato;
   }
   return clrOrange;
}

void CStatusPanel::Row(const string text, const color tone)
{
   const string name = RowName(m_rows);
   if(ObjectFind(0, name) < 0)
   {
      ObjectCreate(0, name, OBJ_LABEL, 0, 0, 0);
      ObjectSetInteger(0, name, OBJPROP_CORNER, CORNER_LEFT_UPPER);
      ObjectSetInteger(0, name, OBJPROP_XDISTANCE, 12);
      ObjectSetInteger(0, name, OBJPROP_YDISTANCE, 24 + m_rows * TPB_PANEL_ROW_HEIGHT);
      ObjectSetInteger(0, name, OBJPROP_SELECTABLE, false);
      ObjectSetInteger(0, name, OBJPROP_HIDDEN, true);
      ObjectSetInteger(0, name, OBJPROP_FONTSIZE, 9);
      ObjectSetString(0, name, OBJPROP_FONT, "Consolas");
   }
   ObjectSetInteger(0, name, OBJPROP_COLOR, tone);
   ObjectSetString(0, name, OBJPROP_TEXT, text == "" ? " " : text);  // "" would show as "Label"
   m_rows++;
}
