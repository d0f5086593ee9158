// SelfTest.mq5: is TradingProtobuf.dll well in this terminal? Attach it to any chart: within a
// second it writes MQL5\Files\tpb-selftest.json, which `tpb doctor` reads, and takes itself off.
// It needs no gateway: what it sends goes to a closed port of this machine.
#property copyright "the trading-protobuf authors"
#property version "1.00"
#property description "Tests TradingProtobuf.dll in this terminal and writes a report."

#include <TradingProtobuf\Library.mqh>
#include <TradingProtobuf\TestReport.mqh>
#include <TradingProtobuf\Wording.mqh>

#define REPORT_FILE "tpb-selftest.json"
#define UNTOUCHED 0xABCD  // what stands in a buffer where the library must not write

CTestReport report;

// Text goes in and comes back, other letters than ASCII's too, and stays within its buffer.
void TestText()
{
   const string canary = "canary-" + ShortToString(0xE9) + ShortToString(0x20AC);
   long handle = 0;
   report.Check("an unknown setting is refused", TpbOpen(canary + "=1", handle) == TPB_E_BAD_CONFIG,
                StringFormat("handle %I64d", handle));
   const string said = TpbErrorText(TPB_THIS_THREAD);
   report.Check("text makes the round trip", StringFind(said, "'" + canary + "'") >= 0, said);

   ushort small[16];
   ArrayInitialize(small, UNTOUCHED);
   const int needed = TpbLastError(TPB_THIS_THREAD, small, 8);
   bool within = small[7] == 0;
   for(int i = 8; i < ArraySize(small); i++)
      within = within && small[i] == UNTOUCHED;
   report.Check("text is cut to its buffer", within && needed == StringLen(said) + 1,
                StringFormat("%d units needed", needed));
}

void TestTicks(const long handle)
{
   MqlTick ticks[3];
   const long time_msc = (long)TimeGMT() * 1000;
   for(int i = 0; i < ArraySize(ticks); i++)
   {
      ZeroMemory(ticks[i]);
      ticks[i].bid = 1.1;
      ticks[i].ask = 1.2;
      ticks[i].time_msc = time_msc + (i == 0 ? 0 : 7);
      ticks[i].time = (datetime)(ticks[i].time_msc / 1000);
   }
   const int accepted = TpbSendTicks(handle, "SELFTEST", ticks, ArraySize(ticks));
   report.Check("ticks are accepted without a connection", accepted == 3,
                accepted < 0 ? TpbErrorText(handle) : StringFormat("%d ticks", accepted));

   long newest_msc = 0;
   int count = 0;
   const int known = TpbCursor(handle, "SELFTEST", newest_msc, count);
   report.Check("the cursor stands behind the last tick",
                known == 1 && newest_msc == time_msc + 7 && count == 2,
                StringFormat("%d, %I64d ms on, %d ticks", known, newest_msc - time_msc, count));
}

void TestStructs(const long handle)
{
   TpbStatusInfo status;
   ZeroMemory(status);
   report.Check("the status arrives in its fields",
                TpbStatus(handle, status) == TPB_OK && status.ticks_accepted == 3 &&
                   status.outbox_capacity_bytes > 0 && status.endpoint == 0,
                StringFormat("%I64d ticks, %I64d bytes", status.ticks_accepted,
                             status.outbox_capacity_bytes));

   ushort json[4096];
   ArrayInitialize(json, 0);
   TpbStatusJson(handle, json, ArraySize(json));
   const string text = ShortArrayToString(json);
   report.Check("the status arrives as text", StringFind(text, "self-test") >= 0, "");

   TpbEventInfo event;
   ushort sentence[256];
   ZeroMemory(event);
   ArrayInitialize(sentence, 0);
   const int events = TpbNextEvent(handle, event, sentence, ArraySize(sentence));
   const bool told = events == 1 && event.number == 1 && event.kind > 0 && sentence[0] != 0;
   report.Check("events arrive in their fields", events == 0 || told,
                events == 1 ? ShortArrayToString(sentence) : "none yet");
}

// Market data of a gateway that is not there: asked for, and nothing made up.
void TestMarketData(const long handle)
{
   const int number = TpbSubscribe(handle, "SELFTEST", "1m");
   report.Check("a subscription has a number",
                number > 0 && TpbSubscribe(handle, "SELFTEST", "") == number,
                number < 0 ? TpbErrorText(handle) : StringFormat("number %d", number));
   ushort reason[256];
   ArrayInitialize(reason, 0);
   const int state = TpbSubscription(handle, number, reason, ArraySize(reason));
   report.Check("it is asked for, not granted", state == TPB_SUBSCRIPTION_ASKED,
                StringFormat("state %d", state));

   TpbMarketData data[2];
   ZeroMemory(data[0]);
   ZeroMemory(data[1]);
   const int polled = TpbPollMarketData(handle, data, ArraySize(data));
   const int latest = TpbLatest(handle, "SELFTEST", "1m", data[0]);
   const int history = TpbMarketHistory(handle, "SELFTEST", "1m", data, ArraySize(data));
   report.Check("there is no market data without a gateway",
                polled == 0 && latest == 0 && history == 0,
                StringFormat("%d, %d, %d", polled, latest, history));

   TpbMarketStatusInfo status;
   ZeroMemory(status);
   const bool answered = TpbMarketStatus(handle, status) == TPB_OK;
   report.Check("the market data's status arrives in its fields",
                answered && status.state_since_ms > 0 && status.messages_received == 0 &&
                   status.state != TPB_STATE_CONNECTED && status.subscriptions == 0,
                StringFormat("state %d, %d granted", status.state, status.subscriptions));
   ushort pairs[64];
   ArrayInitialize(pairs, UNTOUCHED);
   const int needed = TpbPairs(handle, pairs, ArraySize(pairs));
   report.Check("no pairs are chosen without a gateway", needed == 1 && pairs[0] == 0,
                StringFormat("%d units", needed));
   report.Check("a subscription ends",
                TpbUnsubscribe(handle, "SELFTEST", "1m") == TPB_OK &&
                   TpbLatest(handle, "SELFTEST", "1m", data[0]) == TPB_E_NOT_SUBSCRIBED,
                "");
}

// Of the three ticks that were sent; a mean of twenty is not known then.
void TestIndicators(const long handle)
{
   TpbIndicatorInfo info;
   ZeroMemory(info);
   const int known = TpbIndicators(handle, "SELFTEST", info);
   report.Check("indicators arrive in their fields",
                known == 1 && info.ticks == 3 && info.time_msc > 0 &&
                   !MathIsValidNumber(info.sma_20) && !MathIsValidNumber(info.rsi),
                known < 0 ? TpbErrorText(handle) : StringFormat("%I64d ticks", info.ticks));
}

// Three ticks for a gateway that is not there: accepted, counted, kept, closed in time.
void TestSession()
{
   const string closed_port =
      "endpoint=ws://127.0.0.1:9;token=none;user_id=self-test;tenant_id=self-test;"
      "market_cache=none;indicators=yes";
   long handle = 0;
   if(TpbOpen(closed_port, handle) != TPB_OK)
   {
      report.Check("a session opens", false, TpbErrorText(TPB_THIS_THREAD));
      return;
   }
   report.Check("a session opens", handle > 0, StringFormat("handle %I64d", handle));
   TestTicks(handle);
   TestStructs(handle);
   TestIndicators(handle);
   TestMarketData(handle);

   const ulong start_us = GetMicrosecondCount();
   const int left = TpbClose(handle, 300);
   const int took_ms = (int)((GetMicrosecondCount() - start_us) / 1000);
   report.Check("closing says what is not acknowledged", left == 3, StringFormat("%d ticks", left));
   report.Check("closing is in time", took_ms < 1000, StringFormat("%d ms", took_ms));
   report.Check("a closed handle is refused", TpbFlush(handle) == TPB_E_BAD_HANDLE, "");
}

// Other programs of the terminal may be in the same session: it is joined and left, nothing more.
void TestFiveFunctions()
{
   const int joined = InitializeProtobuf();
   const int state = GetConnectionStatus();
   const int left = joined == TPB_OK ? CleanupProtobuf() : joined;
   report.Check("the five functions answer", joined == TPB_OK && state >= 0 && left >= 0,
                StringFormat("%d, %d, %d", joined, state, left));
}

void Finish()
{
   const bool saved = report.Save(REPORT_FILE);
   Print("TPB: self-test: ", report.Summary(), saved ? ", see MQL5\\Files\\" : ", cannot write ",
         REPORT_FILE);
}

int OnInit()
{
   report.Clear();
   const string problem = TpbLibraryProblem();
   report.Check("the library may be used and is the right one", problem == "", problem);
   if(problem != "")
   {
      Finish();
      return INIT_FAILED;
   }
   EventSetMillisecondTimer(100);
   return INIT_SUCCEEDED;
}

void OnTimer()
{
   EventKillTimer();
   TestText();
   TestSession();
   TestFiveFunctions();
   Finish();
   ExpertRemove();
}

void OnDeinit(const int reason)
{
   EventKillTimer();
}
