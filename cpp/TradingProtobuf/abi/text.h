#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "trading_protobuf.h"

namespace tpb {

// A caller's UTF-16 text, read as UTF-8. Short text stays on the stack.
class TextIn {
 public:
  explicit TextIn(const TpbChar* text);

  bool valid() const { return valid_; }  // false: over TPB_MAX_TEXT units, or a lone surrogate
  std::string_view view() const { return view_; }

 private:
  std::array<char, 1024> small_;
  std::string large_;
  std::string_view view_;
  bool valid_ = true;
};

// Copies UTF-8 text to a caller's UTF-16 buffer, cut to fit, with a final zero. Returns the units
// that the whole text needs, final zero included.
std::int32_t WriteText(std::string_view text, TpbChar* buffer, std::int32_t capacity);

}  // namespace tpb
