// TestReport.mqh: what a self-test found, as JSON in MQL5\Files.

string TpbJsonText(const string text)
{
   string quoted = "";
   for(int i = 0; i < StringLen(text); i++)
   {
      const ushort letter = StringGetCharacter(text, i);
      if(letter == '"' || letter == '\\')
         quoted += "\\" + ShortToString(letter);
      else if(letter < ' ' || letter > '~')
         quoted += StringFormat("\\u%04x", letter);
      else
         quoted += ShortToString(letter);
   }
   return "\"" + quoted + "\"";
}

class CTestReport
{
private:
   string m_checks;
   int m_passed;
   int m_failed;

   string Text() const
   {
      return "{\n  \"report\": \"tpb-selftest\",\n  \"passed\": " +
             (m_failed == 0 ? "true" : "false") +
             StringFormat(",\n  \"written_unix_s\": %I64d", (long)TimeGMT()) +
             StringFormat(",\n  \"terminal_build\": %d", (int)TerminalInfoInteger(TERMINAL_BUILD)) +
             ",\n  \"terminal\": " + TpbJsonText(TerminalInfoString(TERMINAL_NAME)) +
             ",\n  \"checks\": [" + m_checks + "\n  ]\n}\n";
   }

public:
   CTestReport() { Clear(); }

   void Clear()
   {
      m_checks = "";
      m_passed = 0;
      m_failed = 0;
   }

   void Check(const string name, const bool passed, const string detail)
   {
      if(passed)
         m_passed++;
      else
         m_failed++;
      if(m_checks != "")
         m_checks += ",";
      m_checks += "\n    {\"name\": " + TpbJsonText(name) +
                  ", \"passed\": " + (passed ? "true" : "false") +
                  ", \"detail\": " + TpbJsonText(detail) + "}";
      if(!passed)
         Print("TPB: failed: " + name + ": " + detail);
   }

   string Summary() const
   {
      return StringFormat("%d of %d checks passed", m_passed, m_passed + m_failed);
   }

   bool Save(const string file_name) const
   {
      const int file = FileOpen(file_name, FILE_WRITE | FILE_TXT | FILE_ANSI, 0, CP_UTF8);
      if(file == INVALID_HANDLE)
         return false;
      FileWriteString(file, Text());
      FileClose(file);
      return true;
   }
};
