// Calls a library that misbehaves as the input Task says: for test_guarded_calls.py.
#import "Misbehaving.dll"
int Add(const int left, const long right, const double third, const bool fourth);
int Length(const string text);
int Fill(uchar &bytes[], int count);
int ChangeConstant(const double &values[], int count);
int Keep(long &numbers[], int count);
int WriteToKept();
int ReadKept();
int WriteBefore(int &number);
int Poll(MqlTick &ticks[], int capacity);
int KeepTicks(MqlTick &ticks[], int capacity);
int Double(MqlTick &ticks[], int count, int &done);
#import

input string Task = "";

int OnInit()
{
   EventSetMillisecondTimer(100);
   return INIT_SUCCEEDED;
}

void OnTimer()
{
   EventKillTimer();
   uchar bytes[4];
   double values[] = {1.5, 2.5};
   long numbers[] = {7, 8};
   ArrayInitialize(bytes, 0);
   if(Task == "well")
      Well();
   if(Task == "fill")
      Print("filled ", Fill(bytes, ArraySize(bytes)), " ", bytes[3]);
   if(Task == "past-the-end")
      Fill(bytes, ArraySize(bytes) + 1);
   if(Task == "constant")
      ChangeConstant(values, 2);
   if(Task == "kept-and-written")
   {
      Keep(numbers, 2);
      WriteToKept();
      ReadKept();
   }
   if(Task == "kept-and-read")
   {
      Keep(numbers, 2);
      Print("read ", ReadKept());
   }
   MqlTick ticks[3];
   if(Task == "structs-past-the-end")
      Poll(ticks, ArraySize(ticks));
   if(Task == "structs-within")
      Print("polled ", Poll(ticks, ArraySize(ticks) - 1), " ", ticks[2].bid);
   if(Task == "structs-kept")
   {
      KeepTicks(ticks, ArraySize(ticks));
      WriteToKept();
      ReadKept();
   }
   int number = 5;
   if(Task == "before")
      WriteBefore(number);
   Print("still here");
}

void Well()
{
   MqlTick ticks[2];
   ZeroMemory(ticks[0]);
   ZeroMemory(ticks[1]);
   ticks[0].bid = 1.25;
   ticks[1].time_msc = 21;
   int done = 0;
   Print("sum ", Add(1, 2, 3.0, true), " length ", Length("gr" + ShortToString(0xFC) + "n"));
   Print("doubled ", Double(ticks, 2, done), " ", done, " ", ticks[0].bid, " ", ticks[1].time_msc);
}
