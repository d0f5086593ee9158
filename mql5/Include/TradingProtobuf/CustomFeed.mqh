// CustomFeed.mqh: the gateway's ticks in the terminal's own charts: EURUSD comes as EURUSD.srv.

#include "CustomSymbol.mqh"
#include "MarketFeed.mqh"

// Makes a custom symbol for each symbol that live messages come of.
class CCustomFeed
{
private:
   CCustomSymbol m_symbols[];
   string m_suffix;
   string m_group;

   int Find(const string gateway_name) const;
   int Add(CMarketRow *of);
   int Place(CMarketFeed &feed, const TpbMarketData &data);

public:
   CCustomFeed() : m_suffix(""), m_group("") {}

   void Clear(const string suffix, const string folder);
   void Feed(CMarketFeed &feed, const TpbMarketData &data[], const int count);

   long Fed() const;        // ticks that the terminal took
   long Backwards() const;  // left out: their time ran backwards
   long Failed() const;     // the terminal would not have them
};

void CCustomFeed::Clear(const string suffix, const string folder)
{
   ArrayResize(m_symbols, 0);
   m_suffix = suffix;
   m_group = folder;
}

void CCustomFeed::Feed(CMarketFeed &feed, const TpbMarketData &data[], const int count)
{
   for(int i = 0; i < count; i++)
   {
      const int at = data[i].live != 0 ? Place(feed, data[i]) : -1;
      if(at >= 0)
         m_symbols[at].Take(data[i]);
   }
   for(int at = ArraySize(m_symbols) - 1; at >= 0; at--)
      m_symbols[at].Flush();
}

// -1: of a subscription that ended meanwhile.
int CCustomFeed::Place(CMarketFeed &feed, const TpbMarketData &data)
{
   CMarketRow *of = feed.OfSubscription(data.subscription);
   if(CheckPointer(of) == POINTER_INVALID)
      return -1;
   const int at = Find(of.Name());
   return at >= 0 ? at : Add(of);
}

int CCustomFeed::Add(CMarketRow *of)
{
   const int at = ArraySize(m_symbols);
   ArrayResize(m_symbols, at + 1);
   m_symbols[at].Open(of.Name(), m_suffix, m_group, of.Symbol(), of.Digits());
   return at;
}

int CCustomFeed::Find(const string gateway_name) const
{
   for(int at = ArraySize(m_symbols) - 1; at >= 0; at--)
      if(m_symbols[at].GatewayName() == gateway_name)
         return at;
   return -1;
}

long CCustomFeed::Fed() const
{
   long fed = 0;
   for(int at = ArraySize(m_symbols) - 1; at >= 0; at--)
      fed += m_symbols[at].Fed();
   return fed;
}

long CCustomFeed::Backwards() const
{
   long backwards = 0;
   for(int at = ArraySize(m_symbols) - 1; at >= 0; at--)
      backwards += m_symbols[at].Backwards();
   return backwards;
}

long CCustomFeed::Failed() const
{
   long failed = 0;
   for(int at = ArraySize(m_symbols) - 1; at >= 0; at--)
      failed += m_symbols[at].Failed();
   return failed;
}
