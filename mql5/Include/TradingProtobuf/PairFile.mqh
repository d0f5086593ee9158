// PairFile.mqh: the pairs that the gateway chose last, in MQL5\Files: for a start while it is away.

// "" = none are remembered.
string TpbReadPairs(const string name)
{
   if(!FileIsExist(name))
      return "";
   const int file = FileOpen(name, FILE_READ | FILE_TXT | FILE_ANSI | FILE_SHARE_READ, 0, CP_UTF8);
   if(file == INVALID_HANDLE)
      return "";
   const string pairs = FileReadString(file);
   FileClose(file);
   return pairs;
}

void TpbWritePairs(const string name, const string pairs)
{
   ResetLastError();
   const int file = FileOpen(name, FILE_WRITE | FILE_TXT | FILE_ANSI, 0, CP_UTF8);
   if(file == INVALID_HANDLE)
   {
      PrintFormat(
         "TPB: MQL5\\Files\\%s cannot be written (error %d): after a restart without the gateway "
         "its pairs are not known. Make room, or give rights.",
         name, GetLastError());
      return;
   }
   FileWriteString(file, pairs);
   FileClose(file);
}
