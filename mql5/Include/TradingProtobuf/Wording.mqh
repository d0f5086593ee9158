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
