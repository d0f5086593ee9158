// What a C++ programmer writes by habit.
void OnStart()
{
   auto a = 1;                 // lint: cpp-word
   unsigned int b = 2;         // lint: cpp-word
   size_t c = 3;               // lint: cpp-word
   int d = static_cast<int>(1.5);  // lint: cpp-word
   try                         // lint: cpp-word
   {
      int64_t e = 4;           // lint: cpp-word
   }
   catch(...)                  // lint: cpp-word
   {
   }
   string text = "auto and nullptr are only words here";  // as is auto here
}
