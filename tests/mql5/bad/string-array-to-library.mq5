#import "Some.dll"
int SendBatch(string &symbols[], const double &bids[], int count);  // lint: string-array-to-library
int ErrorText(string &text);                                       // lint: string-array-to-library
int Good(const string text, ushort &buffer[], int capacity);
#import
void Good2(string &parts[]) {}
