// What ends a program in the terminal: an index out of range, a bad pointer, a broken library.
#pragma once

#include <stdexcept>

namespace mql5 {

class CriticalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace mql5
