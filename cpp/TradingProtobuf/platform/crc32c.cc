#include "platform/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__) || defined(_M_X64)
#define TPB_CRC32C_SSE42
#include <nmmintrin.h>
#if defined(_MSC_VER)
#include <intrin.h>
#define TPB_TARGET_SSE42
#else
#include <cpuid.h>
// Only this function may use the instructions: the rest of the library runs on any x86-64.
#define TPB_TARGET_SSE42 __attribute__((target("sse4.2")))
#endif
#endif

namespace tpb {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // bit-reversed 0x1edc6f41

// kTables[n][b]: the effect of byte b on the CRC, n further bytes of zero behind it.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[n - 1][byte];
      tables[n][byte] = crc >> 8 ^ tables[0][crc & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

std::uint64_t Load64(const std::byte* bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

}  // namespace

std::uint32_t Crc32cByTable(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  while (bytes.size() >= 8) {
    std::uint64_t x = Load64(bytes.data()) ^ crc;
    crc = 0;
    for (std::size_t n = 8; n-- > 0; x >>= 8) crc ^= kTables[n][x & 0xff];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) {
    crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<std::uint32_t>(byte)) & 0xff];
  }
  return ~crc;
}

#if defined(TPB_CRC32C_SSE42)

TPB_TARGET_SSE42 std::uint32_t Crc32cByHardware(std::span<const std::byte> bytes,
                                                std::uint32_t before) noexcept {
  std::uint64_t crc = ~before;
  const std::byte* next = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, next += 8) crc = _mm_crc32_u64(crc, Load64(next));
  auto crc32 = static_cast<std::uint32_t>(crc);
  for (; left > 0; --left, ++next) crc32 = _mm_crc32_u8(crc32, static_cast<std::uint8_t>(*next));
  return ~crc32;
}

bool HasCrc32cHardware() noexcept {
  constexpr std::uint32_t kSse42 = 1u << 20;  // CPUID leaf 1, ECX
#if defined(_MSC_VER)
  int registers[4];
  __cpuid(registers, 1);
  return (static_cast<std::uint32_t>(registers[2]) & kSse42) != 0;
#else
  unsigned int eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kSse42) != 0;
#endif
}

#else

std::uint32_t Crc32cByHardware(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  return Crc32cByTable(bytes, before);
}

bool HasCrc32cHardware() noexcept { return false; }

#endif

std::uint32_t Crc32c(std::span<const std::byte> bytes, std::uint32_t before) noexcept {
  static const bool hardware = HasCrc32cHardware();
  return hardware ? Crc32cByHardware(bytes, before) : Crc32cByTable(bytes, before);
}

}  // namespace tpb
