// SymbolMap.mqh: what the broker calls a symbol.

// Brokers add to names: EURUSD.m, EURUSDm, EURUSD-ECN. A capital letter or a digit that follows
// directly makes another instrument: BTCUSDT is not BTCUSD.
bool TpbIsVariant(const string name, const string wanted)
{
   const int length = StringLen(wanted);
   if(StringLen(name) <= length || StringFind(name, wanted) != 0)
      return false;
   const ushort next = StringGetCharacter(name, length);
   return !(next >= 'A' && next <= 'Z') && !(next >= '0' && next <= '9');
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

// The broker's name of `wanted`: itself, or a variant of it; "" = the broker has none.
string TpbBrokerSymbol(const string wanted)
{
   string best = "";
   for(int i = SymbolsTotal(false) - 1; i >= 0; i--)
   {
      const string name = SymbolName(i, false);
      if(name == wanted)
         return name;
      if(TpbIsVariant(name, wanted) && (best == "" || TpbIsBetter(name, best)))
         best = name;
   }
   return best;
}
