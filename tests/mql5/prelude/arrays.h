// Array functions. One on a fixed array that does not fit is refused, as in the terminal.
#pragma once

#include <algorithm>

#include "prelude/array.h"
#include "prelude/constants.h"

namespace mql5 {

template <typename T>
int ArraySize(const Array<T>& array) {
  return array.size();
}

template <typename T>
bool ArrayIsDynamic(const Array<T>& array) {
  return !array.is_fixed();
}

template <typename T>
int ArrayResize(Array<T>& array, int count, int /*reserve*/ = 0) {
  if (array.is_fixed() || count < 0) return -1;
  array.resize(count);
  return count;
}

template <typename T>
void ArrayFree(Array<T>& array) {
  if (!array.is_fixed()) array.resize(0);
}

template <typename T, typename U>
int ArrayInitialize(Array<T>& array, U value) {
  for (T& each : array) each = static_cast<T>(value);
  return array.size();
}

template <typename T, typename U>
void ArrayFill(Array<T>& array, int start, int count, U value) {
  for (int i = start; i < start + count; ++i) array[i] = static_cast<T>(value);
}

template <typename T>
int ArrayCopy(Array<T>& to, const Array<T>& from, int to_start = 0, int from_start = 0,
              int count = WHOLE_ARRAY) {
  int copied = count == WHOLE_ARRAY ? from.size() : count;
  copied = std::max(0, std::min(copied, from.size() - from_start));
  if (to_start + copied > to.size()) {
    if (to.is_fixed()) {
      copied = to.size() - to_start;
    } else {
      to.resize(to_start + copied);
    }
  }
  const Array<T> source = from;  // they may be one
  for (int i = 0; i < copied; ++i) to[to_start + i] = source[from_start + i];
  return copied;
}

template <typename T>
bool ArrayRemove(Array<T>& array, int start, int count = WHOLE_ARRAY) {
  if (array.is_fixed() || start < 0 || start > array.size()) return false;
  const int removed =
      count == WHOLE_ARRAY ? array.size() - start : std::min(count, array.size() - start);
  array.erase(start, removed);
  return true;
}

template <typename T>
bool ArraySort(Array<T>& array) {
  std::sort(array.begin(), array.end());
  return true;
}

template <typename T>
bool ArraySetAsSeries(Array<T>& array, bool series) {
  return !series && !array.is_fixed();
}

template <typename T>
void ZeroMemory(Array<T>& array) {
  for (T& each : array) each = T();
}

}  // namespace mql5
