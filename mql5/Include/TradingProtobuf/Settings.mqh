// Settings.mqh: what a session is opened with.

#include "TokenFile.mqh"

// A path as the library takes it: one that does not begin at a drive stands in MQL5\Files.
string TpbPath(const string path)
{
   if(path == "" || StringFind(path, ":") >= 0 || StringFind(path, "\\\\") == 0)
      return path;
   return TerminalInfoString(TERMINAL_DATA_PATH) + "\\MQL5\\Files\\" + path;
}

// Collects the settings of TpbOpen, which trading_protobuf.h lists: "key=value;key=value".
class CTpbSettings
{
private:
   string m_text;
   string m_problem;
   string m_token;
   string m_token_file;

public:
   CTpbSettings() : m_text(""), m_problem(""), m_token(""), m_token_file("") {}

   // An empty value leaves the library's default.
   void Set(const string key, const string value)
   {
      if(value == "")
         return;
      // The value is not told: it may be a secret.
      if(StringFind(value, ";") >= 0)
         m_problem =
            "The value of '" + key +
            "' holds ';', which separates settings. Use one without, for a path another folder.";
      m_text += key + "=" + value + ";";
   }

   void Set(const string key, const int value) { Set(key, IntegerToString(value)); }

   void SetPath(const string key, const string path) { Set(key, TpbPath(path)); }

   // none, auto, or a folder.
   void SetJournal(const string journal)
   {
      Set("journal", journal == "none" || journal == "auto" ? journal : TpbPath(journal));
   }

   void SetToken(const string token)
   {
      m_token = token;
      Set("token", token);
   }

   // A file in MQL5\Files; a session that was halted looks there for a new token.
   void SetTokenFile(const string name)
   {
      string token = "";
      if(TpbReadTokenFile(name, token, m_problem))
         SetToken(token);
      m_token_file = name;
   }

   string Text() const { return m_text; }
   string Token() const { return m_token; }
   string TokenFile() const { return m_token_file; }

   // Why these cannot be used; "" = they can, as far as MQL5 can tell.
   string Problem() const { return m_problem; }
};
