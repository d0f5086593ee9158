#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace tpb {

// 32 hex digits of the system's randomness: names that nobody else has.
inline std::string RandomId() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int word = 0; word < 4; ++word) {
    std::uint32_t bits = random();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) id.push_back(kDigits[bits & 15]);
  }
  return id;
}

}  // namespace tpb
