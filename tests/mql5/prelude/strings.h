// String functions.
#pragma once

#include "prelude/array.h"
#include "prelude/constants.h"
#include "prelude/text.h"

namespace mql5 {

int StringLen(const string& text);
int StringFind(const string& text, const string& part, int start = 0);
string StringSubstr(const string& text, int start, int length = -1);
int StringSplit(const string& text, ushort separator, Array<string>& parts);
int StringReplace(string& text, const string& old_part, const string& new_part);
int StringTrimLeft(string& text);
int StringTrimRight(string& text);
bool StringToLower(string& text);
bool StringToUpper(string& text);
ushort StringGetCharacter(const string& text, int index);
bool StringSetCharacter(string& text, int index, ushort unit);
int StringCompare(const string& left, const string& right, bool case_sensitive = true);
bool StringFill(string& text, ushort unit);

string IntegerToString(long_t value, int width = 0, ushort fill = ' ');
string DoubleToString(double value, int digits = 8);
long_t StringToInteger(const string& text);
double StringToDouble(const string& text);
string ShortToString(ushort unit);
string ShortArrayToString(const Array<ushort>& units, int start = 0, int count = -1);
int StringToShortArray(const string& text, Array<ushort>& units, int start = 0, int count = -1);
string CharArrayToString(const Array<uchar>& bytes, int start = 0, int count = -1,
                         uint codepage = CP_ACP);
int StringToCharArray(const string& text, Array<uchar>& bytes, int start = 0, int count = -1,
                      uint codepage = CP_ACP);

}  // namespace mql5
