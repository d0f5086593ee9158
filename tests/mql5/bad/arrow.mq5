class CThing
{
public:
   int Number() { return 1; }
};

void OnStart()
{
   CThing *thing = new CThing();
   Print(thing->Number());  // lint: arrow
   Print(thing.Number());
   delete thing;
}
