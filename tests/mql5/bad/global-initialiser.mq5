int digits = (int)SymbolInfoInteger("EURUSD", SYMBOL_DIGITS);  // lint: global-initialiser
ulong start = GetTickCount64();                                // lint: global-initialiser
input int InpNumber = 5;
const long hour = 60 * (60);
int size = sizeof(MqlTick);

int Later(const int number = 3)
{
   int local = StringLen("abc");
   return local;
}
