// Umlauts: ü and tabs.  lint: not-ascii
void OnStart()
{
	Print("tab");  // lint: not-ascii
   Print("fine");
}
