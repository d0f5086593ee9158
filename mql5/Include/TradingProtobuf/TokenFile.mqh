// TokenFile.mqh: the token, out of a file in MQL5\Files.
//
// An input would show it in screenshots, presets and logs, and is too short for most: the terminal
// cuts inputs at about 200 characters.

bool TpbIsToken(const string text)
{
   for(int i = StringLen(text) - 1; i >= 0; i--)
   {
      const ushort letter = StringGetCharacter(text, i);
      if(letter <= ' ' || letter > '~')
         return false;
   }
   return text != "";
}

// Reads the first line of the file, without spaces around it. False: `problem` is why, and what to
// do about it.
bool TpbReadTokenFile(const string name, string &token, string &problem)
{
   token = "";
   ResetLastError();
   const int file = FileOpen(
      name, FILE_READ | FILE_TXT | FILE_ANSI | FILE_SHARE_READ | FILE_SHARE_WRITE, 0, CP_UTF8);
   if(file == INVALID_HANDLE)
   {
      problem = StringFormat(
         "The token file MQL5\\Files\\%s cannot be opened (error %d). Save the "
         "gateway's token there, in its first line.",
         name, GetLastError());
      return false;
   }
   token = FileReadString(file);
   FileClose(file);

   if(StringLen(token) > 0 && StringGetCharacter(token, 0) == 0xFEFF)  // a byte order mark
      token = StringSubstr(token, 1);
   StringTrimLeft(token);
   StringTrimRight(token);
   if(StringFind(token, "Bearer ") == 0)
      token = StringSubstr(token, 7);
   if(TpbIsToken(token))
      return true;
   token = "";
   problem =
      "The first line of MQL5\\Files\\" + name +
      " is no token. Save the gateway's token there as plain text, nothing else in the line.";
   return false;
}
