// CustomSymbol.mqh: a symbol of the terminal's own, made of the gateway's ticks, for charts and
// indicators.

#include "Native.mqh"

#define TPB_CUSTOM_NAME_LENGTH 31  // the terminal's limit
#define TPB_CUSTOM_TICKS 128       // of more, the terminal writes the first past the Market Watch

// The terminal takes Latin letters, digits and . _ & # in such names.
string TpbCustomName(const string name)
{
   string made = "";
   for(int i = 0; i < StringLen(name); i++)
   {
      const ushort letter = StringGetCharacter(name, i);
      const bool allowed = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
                           (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' ||
                           letter == '&' || letter == '#';
      made += allowed ? ShortToString(letter) : "_";
   }
   return made;
}

// What to do about an error of the functions for custom symbols.
string TpbCustomAdvice(const int error)
{
   switch(error)
   {
      case ERR_MARKET_NOT_SELECTED:
      case ERR_MARKET_UNKNOWN_SYMBOL: return "Show it in the Market Watch again (Ctrl+U).";
      case ERR_CUSTOM_SYMBOL_EXIST:
         return "The broker has one of that name: choose another suffix.";
      case ERR_CUSTOM_SYMBOL_WRONG_NAME:
         return "Choose a suffix of Latin letters, digits, '.' or '_'.";
      case ERR_CUSTOM_TICKS_WRONG_ORDER:
         return "It holds newer ticks: delete the symbol (Ctrl+U) and attach this program again.";
   }
   return "Delete the symbol (Ctrl+U) and attach this program again, or choose another suffix.";
}

// Takes live messages of one symbol in order of time and gives them to the terminal once. Nothing
// that failed is tried again: a tick in a chart twice is worse than one that is missing.
class CCustomSymbol
{
private:
   string m_gateway_name;
   string m_name;
   bool m_open;
   int m_error;  // the newest one told
   MqlTick m_newest;
   long m_number;        // of the newest, as the gateway counts
   MqlTick m_waiting[];  // for the terminal
   int m_count;
   long m_fed;
   long m_backwards;
   long m_failed;

   bool Create(const string folder, const string origin) const;
   bool Describe(const int digits) const;
   bool IsRepeat(const TpbMarketData &data, const long time_msc) const;
   void Say(const string what, const int error);

public:
   CCustomSymbol();

   // False: it cannot be, and the journal says why. origin: the broker's symbol, "" = none.
   bool Open(const string gateway_name, const string suffix, const string folder,
             const string origin, const int digits);
   void Take(const TpbMarketData &data);
   void Flush();

   string GatewayName() const { return m_gateway_name; }
   string Name() const { return m_name; }
   long Fed() const { return m_fed; }
   long Backwards() const { return m_backwards; }  // left out: their time ran backwards
   long Failed() const { return m_failed; }        // the terminal would not have them
};

CCustomSymbol::CCustomSymbol()
    : m_gateway_name(""),
      m_name(""),
      m_open(false),
      m_error(0),
      m_number(0),
      m_count(0),
      m_fed(0),
      m_backwards(0),
      m_failed(0)
{
   ZeroMemory(m_newest);
}

bool CCustomSymbol::Open(const string gateway_name, const string suffix, const string folder,
                         const string origin, const int digits)
{
   m_gateway_name = gateway_name;
   m_name = TpbCustomName(gateway_name + suffix);
   m_open = false;
   if(StringLen(m_name) > TPB_CUSTOM_NAME_LENGTH)
   {
      Print("TPB: " + m_name +
            " is longer than 31 characters, the terminal's limit: choose a shorter suffix.");
      return false;
   }
   ResetLastError();
   if(Create(folder, origin))
   {
      if(!Describe(digits))
         Say("is made, but some of its properties could not be set", GetLastError());
   }
   else if(SymbolInfoInteger(m_name, SYMBOL_CUSTOM) == 0)  // else it is there from an earlier run
   {
      Say("cannot be made", GetLastError());
      return false;
   }
   SymbolSelect(m_name, true);
   if(!SymbolInfoTick(m_name, m_newest))
      ZeroMemory(m_newest);
   ArrayResize(m_waiting, TPB_CUSTOM_TICKS);
   m_open = true;
   return true;
}

bool CCustomSymbol::Create(const string folder, const string origin) const
{
   return origin == "" ? CustomSymbolCreate(m_name, folder)
                       : CustomSymbolCreate(m_name, folder, origin);
}

// Only of a new symbol: a change of these deletes the history of one that has some. Currencies come
// with the origin.
bool CCustomSymbol::Describe(const int digits) const
{
   const double point = MathPow(10, -digits);
   bool set = CustomSymbolSetInteger(m_name, SYMBOL_DIGITS, digits);
   set = CustomSymbolSetDouble(m_name, SYMBOL_POINT, point) && set;
   set = CustomSymbolSetDouble(m_name, SYMBOL_TRADE_TICK_SIZE, point) && set;
   set = CustomSymbolSetInteger(m_name, SYMBOL_CHART_MODE, SYMBOL_CHART_MODE_BID) && set;
   set =
      CustomSymbolSetString(m_name, SYMBOL_DESCRIPTION, m_gateway_name + " of the gateway") && set;
   if(SymbolInfoString(m_name, SYMBOL_CURRENCY_BASE) == "" && StringLen(m_gateway_name) == 6)
   {
      const string base = StringSubstr(m_gateway_name, 0, 3);
      const string profit = StringSubstr(m_gateway_name, 3, 3);
      set = CustomSymbolSetString(m_name, SYMBOL_CURRENCY_BASE, base) && set;
      set = CustomSymbolSetString(m_name, SYMBOL_CURRENCY_PROFIT, profit) && set;
      set = CustomSymbolSetString(m_name, SYMBOL_CURRENCY_MARGIN, base) && set;
   }
   return set;
}

void CCustomSymbol::Take(const TpbMarketData &data)
{
   if(!m_open || data.live == 0 || !MathIsValidNumber(data.bid) || !MathIsValidNumber(data.ask))
      return;
   const long time_msc = data.time_msc > 0 ? data.time_msc : data.server_time_ms;
   if(IsRepeat(data, time_msc))
      return;
   if(time_msc < m_newest.time_msc)
   {
      m_backwards++;
      return;
   }
   m_number = data.number;
   m_newest.bid = data.bid;
   m_newest.ask = data.ask;
   m_newest.last = 0;
   m_newest.volume = 0;
   m_newest.volume_real = 0;
   m_newest.time_msc = time_msc;
   m_newest.time = (datetime)(time_msc / 1000);
   m_newest.flags = TICK_FLAG_BID | TICK_FLAG_ASK;
   m_waiting[m_count] = m_newest;
   m_count++;
   if(m_count == ArraySize(m_waiting))
      Flush();
}

// Who subscribes is told the newest tick, which was taken on the connection before. One that only
// looks the same has the next number.
bool CCustomSymbol::IsRepeat(const TpbMarketData &data, const long time_msc) const
{
   return time_msc == m_newest.time_msc && data.bid == m_newest.bid && data.ask == m_newest.ask &&
          data.number != m_number + 1;
}

void CCustomSymbol::Flush()
{
   if(m_count == 0)
      return;
   ResetLastError();
   const int added = MathMax(CustomTicksAdd(m_name, m_waiting, (uint)m_count), 0);
   const int error = GetLastError();
   m_fed += added;
   if(added < m_count)
   {
      m_failed += m_count - added;
      Say("does not take ticks", error);
      SymbolSelect(m_name, true);  // somebody may have hidden it
   }
   m_count = 0;
}

void CCustomSymbol::Say(const string what, const int error)
{
   if(error != m_error)
      PrintFormat("TPB: %s %s (error %d). %s", m_name, what, error, TpbCustomAdvice(error));
   m_error = error;
}
