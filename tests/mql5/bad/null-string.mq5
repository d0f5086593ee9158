void OnStart()
{
   string text = NULL;  // lint: null-string
   string empty = "";
}
