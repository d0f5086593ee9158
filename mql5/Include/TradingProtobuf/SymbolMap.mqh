// SymbolMap.mqh: what the broker calls a symbol.

bool TpbIsPlainLetter(const ushort letter)
{
   return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

// Brokers add to names: EURUSD.m, EURUSDm, EURUSD-ECN. A capital letter or a digit that follows
// directly makes another instrument: BTCUSDT is not BTCUSD.
bool TpbIsVariant(const string name, const string wanted)
{
   const int length = StringLen(wanted);
   if(StringLen(name) <= length || StringFind(name, wanted) != 0)
      return false;
   return !TpbIsPlainLetter(StringGetCharacter(name, length));
}

// A broker's name without what it added: EURUSD of EURUSD.m, EURUSDm and EURUSD-ECN.
string TpbPlainName(const string symbol)
{
   int length = 0;
   while(length < StringLen(symbol) && TpbIsPlainLetter(StringGetCharacter(symbol, length)))
      length++;
   return length > 0 ? StringSubstr(symbol, 0, length) : symbol;
}

// "GBPUSD=GBPUSDpro": the gateway's name, then the broker's; one alone is both. False: it is empty.
bool TpbSplitEntry(const string entry, string &name, string &symbol)
{
   const int equals = StringFind(entry, "=");
   name = equals < 0 ? entry : StringSubstr(entry, 0, equals);
   symbol = equals < 0 ? entry : StringSubstr(entry, equals + 1);
   StringTrimLeft(name);
   StringTrimRight(name);
   StringTrimLeft(symbol);
   StringTrimRight(symbol);
   return name != "";
}

// Of two variants: the one in the Market Watch, else the shorter.
bool TpbIsBetter(const string name, const string than)
{
   const bool name_watched = SymbolInfoInteger(name, SYMBOL_SELECT) != 0;
   const bool than_watched = SymbolInfoInteger(than, SYMBOL_SELECT) != 0;
   if(name_watched != than_watched)
      return name_watched;
   return StringLen(name) < StringLen(than);
}

// The broker's name of `wanted`: itself, or a variant of it; "" = the broker has none. Custom
// symbols are no variants: EURUSD.srv holds what the gateway sent, and must not go there again.
string TpbBrokerSymbol(const string wanted)
{
   string best = "";
   for(int i = SymbolsTotal(false) - 1; i >= 0; i--)
   {
      const string name = SymbolName(i, false);
      if(name == wanted)
         return name;
      if(TpbIsVariant(name, wanted) && SymbolInfoInteger(name, SYMBOL_CUSTOM) == 0 &&
         (best == "" || TpbIsBetter(name, best)))
         best = name;
   }
   return best;
}
