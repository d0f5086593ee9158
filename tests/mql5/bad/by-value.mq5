struct Point
{
   int x;
};

void Take(Point point) {}                       // lint: by-value
void TakeTick(int a, const MqlTick tick) {}     // lint: by-value
void TakeArray(const double prices[], int n) {}  // lint: by-value
void Good(Point &point, const MqlTick &ticks[], const string text) {}
