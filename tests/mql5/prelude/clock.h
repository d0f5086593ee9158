// Time, which the host's script moves, and timers.
#pragma once

#include "prelude/constants.h"
#include "prelude/structs.h"
#include "prelude/text.h"

namespace mql5 {

datetime TimeCurrent();      // of the newest tick
datetime TimeTradeServer();  // the server's wall clock, also without ticks
datetime TimeLocal();
datetime TimeGMT();
int TimeGMTOffset();
bool TimeToStruct(datetime time, MqlDateTime& parts);
datetime StructToTime(const MqlDateTime& parts);
string TimeToString(datetime time, int mode = TIME_DATE | TIME_MINUTES);
datetime StringToTime(const string& text);
uint GetTickCount();
ulong GetTickCount64();
ulong GetMicrosecondCount();  // real time counts too: it measures calls
void Sleep(int milliseconds);

bool EventSetTimer(int seconds);
bool EventSetMillisecondTimer(int milliseconds);
void EventKillTimer();

}  // namespace mql5
