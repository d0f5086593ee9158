// What the host knows of a translated program: its handlers, inputs and imports.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "prelude/text.h"

namespace mql5 {

// An input by name: how its variable is set from a text.
class Input {
 public:
  template <typename T>
  Input(const char* name, T& variable) : name_(name), variable_(&variable), set_(&set<T>) {}

  const std::string& name() const { return name_; }
  void set_to(const std::string& utf8) const { set_(variable_, utf8); }

 private:
  template <typename T>
  static void set(void* variable, const std::string& utf8) {
    T& target = *static_cast<T*>(variable);
    if constexpr (std::is_same_v<T, string>) {
      target = text_of(utf8);
    } else if constexpr (std::is_floating_point_v<T>) {
      target = std::stod(utf8);
    } else if constexpr (std::is_same_v<T, bool>) {
      target = utf8 == "true";
    } else {
      target = static_cast<T>(std::stoll(utf8));
    }
  }

  std::string name_;
  void* variable_;
  void (*set_)(void*, const std::string&);
};

// A function of a library, bound before the program starts.
struct ImportedFunction {
  std::string library;
  std::string name;
  void** address;
};

struct Program {
  std::string name;
  int (*on_init)() = nullptr;
  void (*on_deinit)(int) = nullptr;
  void (*on_tick)() = nullptr;
  void (*on_timer)() = nullptr;
  void (*on_chartevent)(int, const long_t&, const double&, const string&) = nullptr;
  void (*on_start)() = nullptr;
  std::vector<Input> inputs;
  std::vector<ImportedFunction> imports;
};

}  // namespace mql5
