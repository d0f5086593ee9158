void OnStart()
{
   int numbers[] = {1, 2};
   int sum = 0;
   for(int each : numbers)  // lint: range-for
      sum += each;
   for(int i = 0; i < 2; i++)
      sum += i > 0 ? numbers[i] : 0;
}
