struct Point
{
   int x;
   int y;
};

Point Make()
{
   return {1, 2};          // lint: brace-init
}

void OnStart()
{
   Point a{};              // lint: brace-init
   Point b = {1, 2};       // lint: brace-init
   int c = {5};            // lint: brace-init
   int good[] = {1, 2};
   if(c > 0)
   {
      c = 0;
   }
   else
   {
      c = 1;
   }
}
