#include "platform/crc32c.h"

#include <array>
#include <boost/test/unit_test.hpp>
#include <random>
#include <string_view>
#include <vector>

namespace tpb {
namespace {

struct Vector {
  std::vector<std::byte> bytes;
  std::uint32_t crc;
};

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> Counting(int first, int step) {
  std::vector<std::byte> bytes(32);
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(first);
    first += step;
  }
  return bytes;
}

// RFC 3720, appendix B.4, and the usual check value.
std::vector<Vector> KnownVectors() {
  return {
      {{}, 0},
      {Bytes("123456789"), 0xe3069283},
      {std::vector(32, std::byte{0}), 0x8a9136aa},
      {std::vector(32, std::byte{0xff}), 0x62a8ab43},
      {Counting(0, 1), 0x46dd794e},
      {Counting(31, -1), 0x113fdb5c},
      {Bytes(std::string_view("\x01\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                              "\x14\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x14\x00\x00\x00\x18"
                              "\x28\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00",
                              48)),
       0xd9963a56},
  };
}

std::vector<std::byte> RandomBytes(std::size_t size) {
  std::mt19937_64 random(3720);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crc32c)

BOOST_AUTO_TEST_CASE(known_vectors) {
  for (const auto& [bytes, crc] : KnownVectors()) {
    BOOST_TEST(Crc32c(bytes) == crc);
    BOOST_TEST(Crc32cByTable(bytes) == crc);
    if (HasCrc32cHardware()) BOOST_TEST(Crc32cByHardware(bytes) == crc);
  }
}

BOOST_AUTO_TEST_CASE(both_ways_agree_on_every_length_and_alignment) {
  const std::vector<std::byte> bytes = RandomBytes(600);
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t size = 0; from + size <= bytes.size(); ++size) {
      const auto part = std::span(bytes).subspan(from, size);
      const std::uint32_t crc = Crc32cByTable(part);
      BOOST_REQUIRE(Crc32c(part) == crc);
      if (HasCrc32cHardware()) BOOST_REQUIRE(Crc32cByHardware(part) == crc);
    }
  }
}

BOOST_AUTO_TEST_CASE(continues_where_it_stopped) {
  const std::vector<std::byte> bytes = RandomBytes(300);
  const std::span whole(bytes);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const auto first = whole.first(cut);
    const auto rest = whole.subspan(cut);
    BOOST_REQUIRE(Crc32c(rest, Crc32c(first)) == Crc32c(whole));
    BOOST_REQUIRE(Crc32cByTable(rest, Crc32cByTable(first)) == Crc32c(whole));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb
