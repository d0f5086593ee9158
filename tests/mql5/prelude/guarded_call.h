// Calls into a library. What the library gets is a copy between canaries; after the call the copy
// is checked, then spoiled, so that a library that writes too far, changes what is constant, or
// keeps a pointer is caught.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "prelude/array.h"
#include "prelude/text.h"

namespace mql5 {

// A block of memory that is lent to a library for one call.
class LentBlock {
 public:
  LentBlock(const void* content, std::size_t size, bool is_constant);
  LentBlock(LentBlock&&) = default;
  ~LentBlock();  // spoils the block and keeps it a while, to see whether it is written to

  void* data();
  // Raises CriticalError if the library wrote where it must not.
  void check(const char* function) const;

 private:
  std::vector<std::uint8_t> memory_;
  std::vector<std::uint8_t> before_;  // what a constant argument held
  std::size_t size_;
};

// Raises CriticalError if a library wrote into a block that was lent for an earlier call.
void check_spoiled_blocks(const char* function);

template <typename T>
struct ByValue {
  T value;
  T passed() { return value; }
  void finish(const char*) {}
};

class LentText {
 public:
  explicit LentText(const string& text);
  const wchar_t* passed() { return static_cast<const wchar_t*>(block_.data()); }
  void finish(const char* function) { block_.check(function); }

 private:
  LentBlock block_;
};

template <typename T>
class LentArray {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "a library takes plain values only");

  explicit LentArray(Array<T>& array) : LentArray(array, &array, false) {}
  explicit LentArray(const Array<T>& array) : LentArray(array, nullptr, true) {}

  T* passed() { return static_cast<T*>(block_.data()); }

  void finish(const char* function) {
    block_.check(function);
    if (target_) {
      for (int i = 0; i < target_->size(); ++i) {
        std::memcpy(&(*target_)[i], passed() + i, sizeof(T));
      }
    }
  }

 private:
  LentArray(const Array<T>& array, Array<T>* target, bool is_constant)
      : target_(target), block_(contiguous(array).data(), array.size() * sizeof(T), is_constant) {}

  static std::vector<std::uint8_t> contiguous(const Array<T>& array) {
    std::vector<std::uint8_t> bytes(array.size() * sizeof(T));
    for (int i = 0; i < array.size(); ++i) {
      std::memcpy(bytes.data() + i * sizeof(T), &array[i], sizeof(T));
    }
    return bytes;
  }

  Array<T>* target_;
  LentBlock block_;
};

template <typename T>
class LentReference {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "a library takes plain values only");

  explicit LentReference(T& value) : target_(&value), block_(&value, sizeof(T), false) {}

  T* passed() { return static_cast<T*>(block_.data()); }
  void finish(const char* function) {
    block_.check(function);
    std::memcpy(target_, block_.data(), sizeof(T));
  }

 private:
  T* target_;
  LentBlock block_;
};

template <typename T>
ByValue<T> by_value(T value) {
  return {value};
}
inline LentText guarded_text(const string& text) { return LentText(text); }
template <typename T>
LentArray<T> guarded_array(Array<T>& array) {
  return LentArray<T>(array);
}
template <typename T>
LentArray<T> guarded_array(const Array<T>& array) {
  return LentArray<T>(array);
}
template <typename T>
LentReference<T> guarded_reference(T& value) {
  return LentReference<T>(value);
}

template <typename R, typename... A>
R call_library(const char* name, void* address, A... arguments) {
  check_spoiled_blocks(name);
  auto* function = reinterpret_cast<R (*)(decltype(arguments.passed())...)>(address);
  if constexpr (std::is_void_v<R>) {
    function(arguments.passed()...);
    (arguments.finish(name), ...);
  } else {
    const R result = function(arguments.passed()...);
    (arguments.finish(name), ...);
    return result;
  }
}

}  // namespace mql5
