// Pointers to objects; using a bad one ends the program, as in the terminal.
#pragma once

#include "prelude/critical.h"
#include "prelude/text.h"

namespace mql5 {

struct Null {
  operator string() const { return {}; }
};
inline constexpr Null null;

enum ENUM_POINTER_TYPE { POINTER_INVALID, POINTER_DYNAMIC, POINTER_AUTOMATIC };

template <typename T>
class Ptr {
 public:
  Ptr() = default;
  Ptr(Null) {}
  Ptr(T* object) : object_(object) {}
  template <typename U>
    requires std::convertible_to<U*, T*>
  Ptr(const Ptr<U>& other) : object_(other.get()) {}

  T* get() const { return object_; }
  T* operator->() const { return checked(); }
  T& operator*() const { return *checked(); }
  operator T&() const { return *checked(); }
  operator T*() const { return object_; }  // for delete
  friend bool operator==(const Ptr& left, const Ptr& right) { return left.get() == right.get(); }
  friend bool operator==(const Ptr& left, Null) { return left.get() == nullptr; }

 private:
  T* checked() const {
    if (object_ == nullptr) throw CriticalError("invalid pointer access");
    return object_;
  }

  T* object_ = nullptr;
};

template <typename T>
Ptr<T> GetPointer(T& object) {
  return &object;
}

template <typename T>
ENUM_POINTER_TYPE CheckPointer(const Ptr<T>& pointer) {
  return pointer.get() ? POINTER_DYNAMIC : POINTER_INVALID;
}

}  // namespace mql5
