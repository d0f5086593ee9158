class CTable
{
private:
   int m_sizes[3] = {1, 2, 3};  // lint: initialiser-in-class
   int m_good[3];

public:
   int Sum()
   {
      int numbers[2] = {1, 2};
      return numbers[0];
   }
};
