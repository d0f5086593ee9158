double a[], b[];
void OnStart()
{
   double x, c[];  // lint: mixed-declarators
   int d[2], e;    // lint: mixed-declarators
   int f = MathMax(1, 2), g;
}
