class CThing
{
};

void OnStart()
{
   int *number = NULL;     // lint: pointer
   MqlTick *tick = NULL;   // lint: pointer
   CThing *thing = new CThing();
   int a = 2 * 3;
   delete thing;
}
