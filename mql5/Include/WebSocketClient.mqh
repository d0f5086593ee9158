// WebSocketClient.mqh: a gateway connection of five functions, for your own expert.
//
//    CWebSocketClient client;
//
//    int OnInit()
//    {
//       if(!client.ConnectToServer("wss://gateway.example.com", token))
//          return INIT_FAILED;  // client.Problem() says why; so does the journal
//       client.SubscribeToSymbols("EURUSD,GBPUSD");
//       EventSetMillisecondTimer(100);
//       return INIT_SUCCEEDED;
//    }
//    void OnTimer()
//    {
//       TpbMarketData data;
//       client.ProcessIncomingData();
//       if(client.GetLatestData("EURUSD", data) && data.live != 0)
//          Comment(data.bid, " ", data.rsi);  // of the gateway
//    }
//    void OnDeinit(const int reason) { client.Disconnect(); }
//
// StreamSymbols is the other way: it sends this terminal's own ticks to the gateway.

#include <ProtocolBuffer.mqh>

class CWebSocketClient
{
private:
   CTpbSession m_session;
   CProtocolBuffer m_data;

public:
   // Returns at once and connects in the background; what waits stands in a journal on disk.
   // False: it cannot be, and Problem() says why.
   bool ConnectToServer(const string endpoint, const string auth_token)
   {
      CTpbSettings settings;
      settings.Set("endpoint", endpoint);
      settings.SetToken(auth_token);
      settings.SetJournal("auto");
      m_data.Clear();
      return m_session.Open(settings, false);
   }

   // Market data of the gateway. Returns how many symbols could be asked for.
   int SubscribeToSymbols(const string symbols, const string timeframe = "1m")
   {
      return m_session.IsOpen() ? m_data.SubscribeToSymbols(m_session, symbols, timeframe) : 0;
   }

   int SubscribeToSymbols(const string &symbols[])
   {
      string joined = "";
      for(int i = 0; i < ArraySize(symbols); i++)
         joined += (i == 0 ? "" : ",") + symbols[i];
      return SubscribeToSymbols(joined);
   }

   // This terminal's ticks to the gateway. Returns how many of the symbols this broker has.
   int StreamSymbols(const string symbols)
   {
      return m_session.IsOpen() ? m_data.StreamSymbols(m_session, symbols) : 0;
   }

   // For OnTimer. Returns the number of messages that came from the gateway since the last call.
   int ProcessIncomingData()
   {
      m_session.PollEvents();
      return m_data.ProcessIncomingData(m_session);
   }

   // The gateway's newest; stale while `live` is 0.
   bool GetLatestData(const string symbol, TpbMarketData &data)
   {
      return m_data.GetLatestData(m_session, symbol, data);
   }

   // Of StreamSymbols: how many ticks were accepted, and the newest.
   long Streamed() const { return m_data.Streamed(); }
   bool GetStreamedTick(const string symbol, MqlTick &tick) const
   {
      return m_data.GetStreamedTick(symbol, tick);
   }

   // Waits at most 0.7 s for what is not acknowledged; the rest goes on after the next start.
   void Disconnect()
   {
      m_session.Close(TPB_CLOSE_MS);
      m_data.Clear();
   }

   bool IsConnected()
   {
      TpbStatusInfo status;
      return m_session.Status(status) && status.state == TPB_STATE_CONNECTED;
   }

   string Problem() const { return m_session.Problem(); }
};
