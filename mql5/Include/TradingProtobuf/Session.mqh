// Session.mqh: one session with a gateway.

#include "Library.mqh"
#include "Settings.mqh"
#include "Wording.mqh"

#define TPB_CLOSE_MS 700          // OnDeinit is to be over within a second
#define TPB_AFTER_REFUSAL_MS 250  // a full outbox is not asked again before
#define TPB_EVENTS_A_POLL 16

// Owns a handle of the library: opens it, says once what goes wrong, closes it in time. Nothing
// here waits for the network.
class CTpbSession
{
private:
   long m_handle;     // 0 = not open
   bool m_alerts;     // pop up on loss and recovery
   string m_problem;  // why it could not be opened
   string m_token;    // the newest one given to the library
   string m_token_file;
   int m_said[];       // results below zero that were told
   long m_event;       // number of the newest event told
   ulong m_resume_ms;  // after a refusal: when to try again
   bool m_market_lost;

   void Tell(const TpbEventInfo &event, const string text);
   void SayOnce(const int result);
   bool IsAlarming(const TpbEventInfo &event) const;

public:
   CTpbSession();
   ~CTpbSession() { Close(0); }

   bool Open(const CTpbSettings &settings, const bool alerts);
   void Close(const int timeout_ms);
   bool IsOpen() const { return m_handle > 0; }
   long Handle() const { return m_handle; }

   // Why Open failed, else the session's newest problem; "" = none.
   string Problem() const { return IsOpen() ? TpbErrorText(m_handle) : m_problem; }

   // The ticks' number, or a result below zero: then none was taken.
   int Send(const string symbol, const MqlTick &ticks[], const int count);
   // False for a moment after a refusal: the outbox is full, or the disk.
   bool IsTaking() const { return IsOpen() && GetTickCount64() >= m_resume_ms; }

   // The newest tick of a symbol that the library holds or has held; false = it knows of none.
   bool Cursor(const string symbol, long &time_msc, int &count);
   bool Status(TpbStatusInfo &status);
   bool MarketStatus(TpbMarketStatusInfo &status);
   void PollEvents();
   // In the journal, or as an alert where those are on.
   void Say(const string text, const bool alarming);
   // A halted session tries again once its token file holds another token; once a second is enough.
   void RenewToken();
};

CTpbSession::CTpbSession()
    : m_handle(0),
      m_alerts(false),
      m_problem(""),
      m_token(""),
      m_token_file(""),
      m_event(0),
      m_resume_ms(0),
      m_market_lost(false)
{
}

bool CTpbSession::Open(const CTpbSettings &settings, const bool alerts)
{
   Close(0);
   m_alerts = alerts;
   m_token = settings.Token();
   m_token_file = settings.TokenFile();
   m_event = 0;
   m_resume_ms = 0;
   m_market_lost = false;
   ArrayResize(m_said, 0);

   m_problem = TpbLibraryProblem();
   if(m_problem == "")
      m_problem = settings.Problem();
   if(m_problem == "" && TpbOpen(settings.Text(), m_handle) < 0)
   {
      m_handle = 0;
      m_problem = TpbErrorText(TPB_THIS_THREAD);
   }
   if(m_problem != "")
      Say(m_problem, true);
   return IsOpen();
}

void CTpbSession::Close(const int timeout_ms)
{
   if(!IsOpen())
      return;
   PollEvents();
   const int left = TpbClose(m_handle, timeout_ms);
   m_handle = 0;
   if(left > 0)
      PrintFormat(
         "TPB: closed with %d ticks not acknowledged yet; a journal sends them after the "
         "next start, without one they are lost",
         left);
}

int CTpbSession::Send(const string symbol, const MqlTick &ticks[], const int count)
{
   const int result = TpbSendTicks(m_handle, symbol, ticks, count);
   if(result < 0)
      SayOnce(result);
   if(result == TPB_E_OUTBOX_FULL || result == TPB_E_DISK)
      m_resume_ms = GetTickCount64() + TPB_AFTER_REFUSAL_MS;
   return result;
}

bool CTpbSession::Cursor(const string symbol, long &time_msc, int &count)
{
   time_msc = 0;
   count = 0;
   const int result = TpbCursor(m_handle, symbol, time_msc, count);
   if(result < 0)
      SayOnce(result);
   return result == 1;
}

bool CTpbSession::Status(TpbStatusInfo &status)
{
   ZeroMemory(status);
   return IsOpen() && TpbStatus(m_handle, status) == TPB_OK;
}

bool CTpbSession::MarketStatus(TpbMarketStatusInfo &status)
{
   ZeroMemory(status);
   return IsOpen() && TpbMarketStatus(m_handle, status) == TPB_OK;
}

void CTpbSession::PollEvents()
{
   TpbEventInfo event;
   ushort text[256];
   for(int i = 0; IsOpen() && i < TPB_EVENTS_A_POLL; i++)
   {
      if(TpbNextEvent(m_handle, event, text, ArraySize(text)) != 1)
         return;
      if(event.number > m_event + 1)
         PrintFormat("TPB: %I64d events were not seen in time", event.number - m_event - 1);
      m_event = event.number;
      Tell(event, ShortArrayToString(text));
   }
}

void CTpbSession::Tell(const TpbEventInfo &event, const string text)
{
   if(event.kind == TPB_EVENT_MARKET_REFUSED)
      return;  // comes again with each try; CMarketFeed says it once
   Say(text, IsAlarming(event));
   if(event.kind == TPB_EVENT_MARKET_LOST || event.kind == TPB_EVENT_MARKET_LIVE)
      m_market_lost = event.kind == TPB_EVENT_MARKET_LOST;
}

void CTpbSession::RenewToken()
{
   TpbStatusInfo status;
   string token = "";
   string problem = "";
   if(m_token_file == "" || !Status(status) || status.state != TPB_STATE_HALTED ||
      !TpbReadTokenFile(m_token_file, token, problem) || token == m_token)
      return;
   m_token = token;
   if(TpbSetToken(m_handle, token) < 0)
      Say(TpbErrorText(m_handle), true);
   else
      Say("a new token was found in " + m_token_file, false);
}

void CTpbSession::Say(const string text, const bool alarming)
{
   if(alarming && m_alerts)
      Alert("TPB: " + text);  // also in the journal
   else
      Print("TPB: " + text);
}

void CTpbSession::SayOnce(const int result)
{
   const int size = ArraySize(m_said);
   for(int i = 0; i < size; i++)
      if(m_said[i] == result)
         return;
   ArrayResize(m_said, size + 1);
   m_said[size] = result;
   Say(TpbErrorText(m_handle), false);
}

// Loss and recovery; not what is only worth a line.
bool CTpbSession::IsAlarming(const TpbEventInfo &event) const
{
   switch(event.kind)
   {
      case TPB_EVENT_RESTORED:
      case TPB_EVENT_ACCEPTING: return true;
      case TPB_EVENT_MARKET_LIVE: return m_market_lost;
      case TPB_EVENT_BUFFERING:
      case TPB_EVENT_MARKET_OVERFLOW:
      case TPB_EVENT_QUALITY: return false;
   }
   return event.severity >= TPB_WARNING;
}
