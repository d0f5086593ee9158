int OnInit(void *nothing)  // lint: handler-signature
{
   return INIT_SUCCEEDED;
}
void OnDeinit()  // lint: handler-signature
{
}
int OnTick()  // lint: handler-signature
{
   return 0;
}
void OnTimer() {}
void OnChartEvent(int id, long lparam, double dparam, string sparam)  // lint: handler-signature
{
   OnTimer();
}
