void OnStart()
{
   int a = int(1.5);       // lint: functional-cast
   double b = double(a);   // lint: functional-cast
   long c = (long)b;
}
