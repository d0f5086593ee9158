void Take(const char &bytes[]) {}  // lint: char-array

void OnStart()
{
   char bytes[8];  // lint: char-array
   uchar good[8];
   char letter = 'a';
}
