#pragma once

#include <cstdint>
#include <string_view>

namespace tpb {

// FNV-1a in 64 bits: names things by text that stays the same on every machine and for ever. No
// protection against who wants two texts to meet.
constexpr std::uint64_t Fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace tpb
