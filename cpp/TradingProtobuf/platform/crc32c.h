#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tpb {

// CRC-32C (Castagnoli, as in RFC 3720) of `bytes`; of a longer run when `before` is the CRC of
// what stands before them.
std::uint32_t Crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;

// The two ways it is computed, for tests to compare. Hardware only where HasCrc32cHardware().
std::uint32_t Crc32cByTable(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;
std::uint32_t Crc32cByHardware(std::span<const std::byte> bytes, std::uint32_t before = 0) noexcept;
bool HasCrc32cHardware() noexcept;

}  // namespace tpb
