// Wording.mqh: what the library's numbers mean, in words.

#include "Native.mqh"

// The newest problem of a session, or with TPB_THIS_THREAD of the newest failed call; "" = none.
string TpbErrorText(const long handle)
{
   ushort text[512];
   ArrayInitialize(text, 0);
   TpbLastError(handle, text, ArraySize(text));
   return ShortArrayToString(text);
}

string TpbStateText(const int state)
{
   switch(state)
   {
      case TPB_STATE_DISCONNECTED: return "disconnected";
      case TPB_STATE_CONNECTED: return "connected";
      case TPB_STATE_CONNECTING: return "connecting";
      case TPB_STATE_WAITING: return "waiting for the next try";
      case TPB_STATE_HALTED: return "halted";
      case TPB_STATE_CLOSING: return "closing";
   }
   return "state " + IntegerToString(state);
}

string TpbTierText(const int tier)
{
   switch(tier)
   {
      case TPB_TIER_FREE: return "free";
      case TPB_TIER_PRO: return "pro";
      case TPB_TIER_ENTERPRISE: return "enterprise";
   }
   return "not known";
}

string TpbMarketSessionText(const int market_session)
{
   switch(market_session)
   {
      case TPB_SESSION_SYDNEY: return "sydney";
      case TPB_SESSION_TOKYO: return "tokyo";
      case TPB_SESSION_LONDON: return "london";
      case TPB_SESSION_NEW_YORK: return "new york";
   }
   return "";
}

// "0.4 s", "12 s", "3 min", "5 h", "2 d".
string TpbAgeText(const long age_ms)
{
   if(age_ms < 10000)
      return DoubleToString((double)MathMax(age_ms, 0) / 1000.0, 1) + " s";
   const long seconds = age_ms / 1000;
   if(seconds < 120)
      return IntegerToString(seconds) + " s";
   if(seconds < 7200)
      return IntegerToString(seconds / 60) + " min";
   if(seconds < 172800)
      return IntegerToString(seconds / 3600) + " h";
   return IntegerToString(seconds / 86400) + " d";
}

// "-" for a number that is not known.
string TpbNumberText(const double value, const int digits)
{
   return MathIsValidNumber(value) ? DoubleToString(value, digits) : "-";
}
