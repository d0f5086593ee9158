int numbers[];

int &First()  // lint: reference
{
   return numbers[0];
}

void OnStart()
{
   int a = 1;
   int b = 3;
   int &same = a;  // lint: reference
   const int &constant = b;  // lint: reference
   if((a & b) != 0)
      a = a & b;
}

void Good(int &out, const MqlTick &ticks[]) {}
