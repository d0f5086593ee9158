// Uses the platform as the input Task says: for test_platform.py.
input string Task = "";

MqlTick ticks[];
int timers;
int ticks_seen;

int OnInit()
{
   EventSetMillisecondTimer(100);
   if(Task == "copy-in-init")
      CopyTicks(_Symbol, ticks, COPY_TICKS_ALL, 0, 10);
   if(Task == "fail")
      return INIT_FAILED;
   if(Task == "out-of-range")
      Print(ticks[ArraySize(ticks)].bid);
   if(Task == "wrong-format")
      PrintFormat("%d", (long)1);
   if(Task == "print-flood")
      for(int i = 0; i < 200; i++)
         Print(i);
   if(Task == "leave")
      ExpertRemove();
   return INIT_SUCCEEDED;
}

void OnTick()
{
   ticks_seen++;
   if(Task == "count")
      Print("tick ", ticks_seen);
}

void OnTimer()
{
   timers++;
   if(Task == "count")
      Print("timer ", timers, " at ", TimeToString(TimeTradeServer(), TIME_SECONDS));
   if(Task == "copy")
      Copy();
   if(Task == "sleep")
      Sleep(1);
   if(Task == "label")
      Label();
   if(Task == "files")
      Files();
   if(Task == "trade")
      Trade();
   if(Task == "custom")
      Custom();
   if(Task == "specification")
      Specification();
   if(Task == "lines")
      Lines();
   if(timers == 1 && Task != "count" && Task != "copy")
      EventKillTimer();
}

void OnDeinit(const int reason)
{
   Print("deinit ", reason, " ", UninitializeReason());
}

void OnChartEvent(const int id, const long &lparam, const double &dparam, const string &sparam)
{
   PrintFormat("event %d %I64d %.1f %s", id, lparam, dparam, sparam);
}

// What CopyTicks says: how many, the first and the last time, the error.
void Say(const string what, const int copied)
{
   const bool some = copied > 0;
   PrintFormat("%s %d %I64d %I64d %d", what, copied, some ? ticks[0].time_msc : (long)0,
               some ? ticks[copied - 1].time_msc : (long)0, GetLastError());
   ResetLastError();
}

void Copy()
{
   const ulong start = 1577898000000;
   Say("newest", CopyTicks(_Symbol, ticks, COPY_TICKS_ALL, 0, 3));
   Say("default", CopyTicks(_Symbol, ticks));
   Say("from", CopyTicks(_Symbol, ticks, COPY_TICKS_ALL, start + 1000, 2));
   Say("none", CopyTicks(_Symbol, ticks, COPY_TICKS_ALL, start + 100000000, 2));
   Say("range", CopyTicksRange(_Symbol, ticks, COPY_TICKS_ALL, start + 1000, start + 3000));
   Say("trade", CopyTicks(_Symbol, ticks, COPY_TICKS_TRADE, 0, 100));
   Say("unknown", CopyTicks("NOSUCH", ticks, COPY_TICKS_ALL, 0, 1));
   Say("hidden", CopyTicks("HIDDEN", ticks, COPY_TICKS_ALL, 0, 1));
   MqlTick few[2];
   const int copied = CopyTicks(_Symbol, few, COPY_TICKS_ALL, 0, 5);
   Print("fixed ", copied, " ", GetLastError());
   ResetLastError();
}

void Label()
{
   string text = "";
   for(int i = 0; i < 64; i++)
      text += "x";
   ObjectCreate(0, "label", OBJ_LABEL, 0, 0, 0);
   ObjectSetInteger(0, "label", OBJPROP_COLOR, clrTomato);
   ObjectSetString(0, "label", OBJPROP_TEXT, text);
   ObjectSetString(0, "label", OBJPROP_TEXT, "");
   Comment("rows ", ObjectsTotal(0));
   Alert("label");
}

void Files()
{
   int file = FileOpen("folder\\note.txt", FILE_WRITE | FILE_TXT | FILE_ANSI, 0, CP_UTF8);
   FileWriteString(file, "gr" + ShortToString(0xFC) + "n\r\nsecond\r\n");
   FileClose(file);
   file = FileOpen("folder\\note.txt", FILE_READ | FILE_TXT | FILE_ANSI, 0, CP_UTF8);
   const string first = FileReadString(file);
   const string second = FileReadString(file);
   Print("read ", first, " ", second, " ", FileIsEnding(file), " ", FileSize(file));
   FileClose(file);
   const int missing = FileOpen("no.txt", FILE_READ | FILE_TXT);
   Print("missing ", missing, " ", GetLastError());
   const int outside = FileOpen("..\\no.txt", FILE_WRITE | FILE_TXT);
   Print("outside ", outside, " ", GetLastError());
   FileOpen("open.txt", FILE_WRITE | FILE_TXT | FILE_ANSI);
}

void Trade()
{
   MqlTradeRequest request;
   MqlTradeResult result;
   ZeroMemory(request);
   request.symbol = _Symbol;
   request.volume = 0.1;
   const bool sent = OrderSend(request, result);
   Print("sent ", sent, " ", result.retcode);
}

// What a custom symbol takes from its origin, what can be set and what cannot.
void Specification()
{
   CustomSymbolCreate("GW.JPY", "Gateway", "USDJPY");
   PrintFormat("origin %d %s %s", (int)SymbolInfoInteger("GW.JPY", SYMBOL_DIGITS),
               SymbolInfoString("GW.JPY", SYMBOL_CURRENCY_BASE),
               SymbolInfoString("GW.JPY", SYMBOL_CURRENCY_PROFIT));
   CustomSymbolCreate("GW.NEW");
   CustomSymbolSetInteger("GW.NEW", SYMBOL_DIGITS, 2);
   CustomSymbolSetDouble("GW.NEW", SYMBOL_POINT, 0.01);
   CustomSymbolSetString("GW.NEW", SYMBOL_CURRENCY_BASE, "XAU");
   PrintFormat("new %d %.2f %s", (int)SymbolInfoInteger("GW.NEW", SYMBOL_DIGITS),
               SymbolInfoDouble("GW.NEW", SYMBOL_POINT),
               SymbolInfoString("GW.NEW", SYMBOL_CURRENCY_BASE));
   const bool read_only = CustomSymbolSetDouble("GW.NEW", SYMBOL_BID, 1.0);
   Print("read-only ", read_only, " ", GetLastError());
   const bool wrong = CustomSymbolSetDouble("GW.NEW", SYMBOL_POINT, 0.0);
   Print("wrong ", wrong, " ", GetLastError());
   const bool brokers = CustomSymbolSetInteger("EURUSD", SYMBOL_DIGITS, 2);
   Print("the broker's ", brokers, " ", GetLastError());
}

void Lines()
{
   ObjectCreate(0, "mean", OBJ_HLINE, 0, 0, 1.25);
   ObjectSetInteger(0, "mean", OBJPROP_COLOR, clrGold);
   ObjectSetInteger(0, "mean", OBJPROP_STYLE, STYLE_DOT);
   ObjectSetDouble(0, "mean", OBJPROP_PRICE, 1.5);
   ObjectCreate(0, "gone", OBJ_HLINE, 0, 0, 1.0);
   ObjectSetString(0, "gone", OBJPROP_TOOLTIP, "shown");
   ObjectDelete(0, "gone");
   ObjectSetDouble(0, "mean", OBJPROP_PRICE, MathLog(-1.0));
   Print("line at ", ObjectGetDouble(0, "mean", OBJPROP_PRICE) > 0, " ",
         MathIsValidNumber(MathLog(-1.0)));
}

void Custom()
{
   const bool created = CustomSymbolCreate("GW.EURUSD", "Gateway", _Symbol);
   const bool again = CustomSymbolCreate("GW.EURUSD");
   Print("created ", created, " again ", again, " ", GetLastError());
   SymbolSelect("GW.EURUSD", true);
   MqlTick made[2];
   for(int i = 0; i < 2; i++)
   {
      ZeroMemory(made[i]);
      made[i].time_msc = 1577898000000 + i;
      made[i].bid = 1.5;
      made[i].ask = 1.6;
   }
   Print("added ", CustomTicksAdd("GW.EURUSD", made));
   made[0].time_msc = 5;
   const int backwards = CustomTicksAdd("GW.EURUSD", made);
   Print("backwards ", backwards, " ", GetLastError());
   CustomSymbolSetDouble("GW.EURUSD", SYMBOL_POINT, 0.5);
   MqlTick newest;
   Print("after a change of the point ", SymbolInfoTick("GW.EURUSD", newest));
}
