// What the translator and the prelude make of the language, told by Print: for test_language.py.
#property version "1.00"

#define TWICE(value) ((value) * 2)
#define GREETING "hello"  // not part of the text

enum ENUM_SIDE
{
   SIDE_BUY = 1,
   SIDE_SELL = -1
};

struct Packed
{
   uchar first;
   long second;
};

// clang-format off
input group "Inputs"
   // clang-format on
   input int InpNumber = 7;     // a number
input string InpText = "text";  // a text
input bool InpFlag = true;
input double InpReal = 1.5;
input long InpLong = 5000000000;
input ENUM_SIDE InpSide = SIDE_SELL;

int starts;  // outlives a change of inputs

class CBase
{
protected:
   string m_name;

public:
   CBase(const string name) : m_name(name) {}
   ~CBase() { Print("gone: " + m_name); }
   virtual string Says() const { return "base " + m_name; }
   string Name() const { return m_name; }
};

class CDerived : public CBase
{
private:
   CBase *m_friend;
   double m_values[];
   int m_fixed[3];

public:
   CDerived(const string name, CBase *with) : CBase(name), m_friend(with) {}
   string Says() const override { return "derived " + m_name + " with " + m_friend.Name(); }
   int Fill(const int count);
   string This() { return this.m_name; }
};

int CDerived::Fill(const int count)
{
   ArrayResize(m_values, count);
   ArrayInitialize(m_values, 0.5);
   ArrayInitialize(m_fixed, 4);
   return ArraySize(m_values) + ArraySize(m_fixed);
}

template <typename T>
T Largest(const T &values[])
{
   T largest = values[0];
   for(int i = 1; i < ArraySize(values); i++)
      largest = MathMax(largest, values[i]);
   return largest;
}

int OnInit()
{
   starts++;
   Print("starts ", starts);
   PrintFormat("inputs %d %s %d %.2f %I64d %d", InpNumber, InpText, InpFlag, InpReal, InpLong,
               InpSide);
   Print(GREETING, " ", TWICE(21), " ", EnumToString(InpSide));
   TestTypes();
   TestArrays();
   TestObjects();
   TestStrings();
   TestTime();
   Print("chart ", _Symbol, " ", _Digits, " ", __FUNCTION__);
   return INIT_SUCCEEDED;
}

void OnDeinit(const int reason)
{
   Print("reason ", reason);
}

void TestTypes()
{
   const uint flags = COPY_TICKS_ALL;
   Print("sizes ", sizeof(char), sizeof(short), sizeof(int), sizeof(long), sizeof(ushort), " ",
         sizeof(Packed), " ", sizeof(MqlTick));
   // clang-format off
   Print("all ", flags, " ", (long)D'2020.01.02 03:04:05', " ", C'1,2,3', " ", 'A', " ", '\n');
   // clang-format on
}

void TestArrays()
{
   int numbers[] = {3, 9, 4};
   double reals[2] = {2.5, 1.5}, more[];
   static int calls[2];
   calls[1]++;
   Print("arrays ", Largest(numbers), " ", Largest(reals), " ", ArraySize(more), " ", calls[1]);
   Print("resized ", ArrayResize(reals, 5), " ", ArrayResize(more, 5));
   ArrayCopy(numbers, numbers, 1, 0, 2);
   Print("copied ", numbers[0], numbers[1], numbers[2]);
}

void TestObjects()
{
   CBase plain("plain");
   CDerived *derived = new CDerived("one", GetPointer(plain));
   CBase *list[];
   ArrayResize(list, 2);
   list[0] = GetPointer(plain);
   list[1] = derived;
   for(int i = 0; i < ArraySize(list); i++)
      Print(list[i].Says());
   Print(derived.This(), " ", derived.Fill(4), " ", CheckPointer(derived) != POINTER_INVALID);
   delete derived;
}

void TestStrings()
{
   string parts[];
   string text = "  a,b,,c ";
   StringTrimLeft(text);
   StringTrimRight(text);
   const int count = StringSplit(text, ',', parts);
   StringReplace(text, ",", "--");
   Print("strings ", count, " ", parts[3], " ", text, " ", StringFind(text, "b"), " ",
         StringSubstr(text, 3, 2), " ", StringLen(text), " ", IntegerToString(7, 3, '0'), " ",
         DoubleToString(1.23456, 2), " ", (string)5, " ",
         "x"
         "y");
   Print(StringFormat("%5.1f|%-4s|%04d|%x|%I64u|%%", 2.25, "ab", 42, 255, (ulong)1 << 40));
   ushort units[8];
   ArrayInitialize(units, 0);
   units[0] = 'o';
   units[1] = 0x20AC;
   Print(ShortArrayToString(units), ShortToString(0x263A));
}

void TestTime()
{
   MqlDateTime parts;
   // clang-format off
   TimeToStruct(D'2024.02.29 12:30:45', parts);
   // clang-format on
   Print("time ", parts.year, "-", parts.mon, "-", parts.day, " ", parts.day_of_week, " ",
         parts.day_of_year, " ", TimeToString(StructToTime(parts), TIME_DATE | TIME_SECONDS));
}
