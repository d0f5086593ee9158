// Text made of values: StringFormat checks each value against its place in the format.
#pragma once

#include <initializer_list>
#include <type_traits>

#include "prelude/text.h"

namespace mql5 {

class Value {
 public:
  enum class Kind { kInt32, kInt64, kReal, kText };

  template <typename T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  Value(T value)
      : kind(sizeof(T) == 8 ? Kind::kInt64 : Kind::kInt32),
        is_bool(std::is_same_v<T, bool>),
        integer(static_cast<long_t>(value)) {}
  Value(double value) : kind(Kind::kReal), real(value) {}
  Value(const string& value) : kind(Kind::kText), text(value) {}

  string printed() const;

  Kind kind;
  bool is_bool = false;
  long_t integer = 0;
  double real = 0;
  string text;
};

using Values = std::initializer_list<Value>;

// Raises CriticalError where a value does not fit its place, or has none.
string format(const string& pattern, Values values);
string joined(Values values);

template <typename... A>
string StringFormat(const string& pattern, const A&... values) {
  return format(pattern, {Value(values)...});
}

}  // namespace mql5
