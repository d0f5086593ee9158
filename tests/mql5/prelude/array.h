// MQL5's arrays, dynamic and fixed, with the terminal's check of every index.
#pragma once

#include <cstring>
#include <deque>
#include <initializer_list>
#include <type_traits>

#include "prelude/critical.h"
#include "prelude/types.h"

namespace mql5 {

struct Fixed {
  long_t size;  // -1 = as many as there are values
};

// Objects stay where they are when the array grows, as in the terminal: hence the deque.
template <typename T>
class Array {
 public:
  Array() = default;
  Array(Fixed fixed) : elements_(static_cast<std::size_t>(fixed.size)), is_fixed_(true) {}
  Array(Fixed fixed, std::initializer_list<T> values) : elements_(values), is_fixed_(true) {
    if (fixed.size >= 0) elements_.resize(static_cast<std::size_t>(fixed.size));
  }
  // The terminal has no arrays by value.
  Array(const Array&) = default;
  Array& operator=(const Array&) = default;

  int size() const { return static_cast<int>(elements_.size()); }
  bool is_fixed() const { return is_fixed_; }

  // New elements of plain types hold what happened to be in memory: here, what is easily noticed.
  void resize(int count) {
    const int before = size();
    elements_.resize(static_cast<std::size_t>(count));
    if constexpr (std::is_arithmetic_v<T>) {
      for (int i = before; i < count; ++i) std::memset(&elements_[i], 0xDD, sizeof(T));
    }
  }

  T& operator[](long_t index) {
    check(index);
    return elements_[static_cast<std::size_t>(index)];
  }
  const T& operator[](long_t index) const {
    check(index);
    return elements_[static_cast<std::size_t>(index)];
  }

  auto begin() { return elements_.begin(); }
  auto end() { return elements_.end(); }
  auto begin() const { return elements_.begin(); }
  auto end() const { return elements_.end(); }
  void erase(int start, int count) {
    elements_.erase(elements_.begin() + start, elements_.begin() + start + count);
  }

 private:
  void check(long_t index) const {
    if (index < 0 || index >= size()) {
      throw CriticalError("array out of range: [" + std::to_string(index) + "] of " +
                          std::to_string(size()));
    }
  }

  std::deque<T> elements_;
  bool is_fixed_ = false;
};

}  // namespace mql5
