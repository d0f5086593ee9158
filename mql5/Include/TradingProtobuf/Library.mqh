// Library.mqh: may the library be used here, and is it the right one?

#include "Native.mqh"

string TpbLayoutProblem(const string name, const int layout, const int size)
{
   const int library = TpbSizeOf(layout);
   if(library == size)
      return "";
   return StringFormat(
      "%s has %d bytes here and %d in TradingProtobuf.dll. Take the DLL and the "
      "MQL5 files of one release, and compile again.",
      name, size, library);
}

// What keeps a program from using the library, and what to do about it; "" = nothing.
// The first thing a program asks, in OnInit.
string TpbLibraryProblem()
{
   if(MQLInfoInteger(MQL_TESTER) != 0)
      return "The Strategy Tester replays history: nothing is streamed from it as if it were live.";
   if(MQLInfoInteger(MQL_DLLS_ALLOWED) == 0)
      return "DLL imports are not allowed. Tick 'Allow DLL imports' in this program's properties "
             "or "
             "under Tools > Options > Expert Advisors, then attach it again.";

   // A newer one is welcome: the contract only grows.
   const int version = TpbAbiVersion();
   if(version < TPB_ABI_VERSION)
      return StringFormat(
         "TradingProtobuf.dll speaks ABI %d, this program needs ABI %d. Take the DLL and "
         "the MQL5 files of one release, and restart the terminal.",
         version, TPB_ABI_VERSION);

   string problem = TpbLayoutProblem("MqlTick", TPB_LAYOUT_TICK, (int)sizeof(MqlTick));
   if(problem == "")
      problem = TpbLayoutProblem("TpbStatusInfo", TPB_LAYOUT_STATUS, (int)sizeof(TpbStatusInfo));
   if(problem == "")
      problem = TpbLayoutProblem("TpbEventInfo", TPB_LAYOUT_EVENT, (int)sizeof(TpbEventInfo));
   if(problem == "")
      problem =
         TpbLayoutProblem("TpbMarketData", TPB_LAYOUT_MARKET_DATA, (int)sizeof(TpbMarketData));
   if(problem == "")
      problem = TpbLayoutProblem("TpbMarketStatusInfo", TPB_LAYOUT_MARKET_STATUS,
                                 (int)sizeof(TpbMarketStatusInfo));
   if(problem == "")
      problem =
         TpbLayoutProblem("TpbIndicatorInfo", TPB_LAYOUT_INDICATORS, (int)sizeof(TpbIndicatorInfo));
   return problem;
}
