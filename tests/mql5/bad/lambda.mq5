void Each(int count) {}

void OnStart()
{
   Each([](int i) { return i; });  // lint: lambda
   int a[] = {1};
   Each(a[0]);
}
