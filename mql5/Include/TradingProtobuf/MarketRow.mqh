// MarketRow.mqh: one symbol's market data from the gateway.

#include "Session.mqh"
#include "SymbolMap.mqh"

#define TPB_REFUSAL_UNITS 512

// A subscription and its newest message. Refresh() asks the library, which waits for nothing.
class CMarketRow
{
private:
   string m_name;    // as the gateway knows it; "" = this row is free
   string m_symbol;  // as the broker calls it; "" = it has none
   string m_timeframe;
   int m_subscription;
   int m_state;       // enum TpbSubscriptionState
   string m_refusal;  // why there is no subscription
   string m_told;     // the refusal that was told
   bool m_known;      // there is a newest message
   bool m_quiet;      // that message is older than is usual
   TpbMarketData m_newest;

public:
   CMarketRow() { Free(); }

   // False: it cannot be subscribed to, and Refusal() says why.
   bool Open(CTpbSession &session, const string name, const string symbol, const string timeframe);
   void Close(CTpbSession &session);
   void Free();

   // How the subscription is, and how old its newest message is by now.
   void Refresh(CTpbSession &session, const long quiet_after_ms);

   string Name() const { return m_name; }
   string Symbol() const { return m_symbol; }
   int Subscription() const { return m_subscription; }
   int State() const { return m_state; }
   string Refusal() const { return m_refusal; }
   string NewRefusal();  // once each; "" = nothing new

   bool IsKnown() const { return m_known; }
   bool IsQuiet() const { return m_known && m_newest.live != 0 && m_quiet; }
   bool IsLive() const { return m_known && m_newest.live != 0 && !m_quiet; }
   bool Newest(TpbMarketData &data) const;
   int Digits() const;
};

bool CMarketRow::Open(CTpbSession &session, const string name, const string symbol,
                      const string timeframe)
{
   Free();
   m_name = name;
   m_timeframe = timeframe;
   m_symbol = TpbBrokerSymbol(symbol);
   if(m_symbol != "")
      SymbolSelect(m_symbol, true);
   m_subscription = TpbSubscribe(session.Handle(), name, timeframe);
   if(m_subscription > 0)
      return true;
   m_subscription = 0;
   m_state = TPB_SUBSCRIPTION_REFUSED;
   m_refusal = TpbErrorText(session.Handle());
   return false;
}

void CMarketRow::Close(CTpbSession &session)
{
   if(m_subscription > 0)
      TpbUnsubscribe(session.Handle(), m_name, m_timeframe);
   Free();
}

void CMarketRow::Free()
{
   m_name = "";
   m_symbol = "";
   m_timeframe = "";
   m_subscription = 0;
   m_state = TPB_SUBSCRIPTION_ASKED;
   m_refusal = "";
   m_told = "";
   m_known = false;
   m_quiet = false;
   ZeroMemory(m_newest);
}

void CMarketRow::Refresh(CTpbSession &session, const long quiet_after_ms)
{
   if(m_subscription <= 0)
      return;
   ushort text[TPB_REFUSAL_UNITS];
   ArrayInitialize(text, 0);
   const int state = TpbSubscription(session.Handle(), m_subscription, text, ArraySize(text));
   if(state >= 0)
   {
      m_state = state;
      m_refusal = ShortArrayToString(text);
   }
   m_known = TpbLatest(session.Handle(), m_name, m_timeframe, m_newest) == 1;
   m_quiet = m_known && quiet_after_ms > 0 && m_newest.age_ms > quiet_after_ms;
}

string CMarketRow::NewRefusal()
{
   if(m_refusal == "" || m_refusal == m_told)
      return "";
   m_told = m_refusal;
   return m_refusal;
}

bool CMarketRow::Newest(TpbMarketData &data) const
{
   data = m_newest;
   return m_known;
}

// The broker's, or what is usual for such a price.
int CMarketRow::Digits() const
{
   if(m_symbol != "")
      return (int)SymbolInfoInteger(m_symbol, SYMBOL_DIGITS);
   return m_known && m_newest.bid >= 20.0 ? 3 : 5;
}
