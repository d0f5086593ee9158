void OnStart()
{
   long number = 5000000000;
   PrintFormat("%ld", number);       // lint: format-width
   PrintFormat("%5llu", number);     // lint: format-width
   PrintFormat("%zu", number);       // lint: format-width
   PrintFormat("%I64d 100%% long", number);
}
