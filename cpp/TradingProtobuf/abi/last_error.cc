#include "abi/last_error.h"

#include <algorithm>
#include <array>

namespace tpb {
namespace {

struct Slot {
  std::size_t size;
  std::array<char, 1024> text;
};
thread_local constinit Slot slot{};

}  // namespace

void SetThreadError(std::string_view text) noexcept {
  slot.size = std::min(text.size(), slot.text.size());
  std::copy_n(text.data(), slot.size, slot.text.data());
}

std::string_view ThreadError() noexcept { return {slot.text.data(), slot.size}; }

}  // namespace tpb
