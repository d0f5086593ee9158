#include "platform/mapped_file.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "platform/read_file.h"

namespace tpb {
namespace {

namespace fs = std::filesystem;

struct Place {
  Place()
      : path(fs::temp_directory_path() /
             (u8"tpb-\u20ac-" + fs::path(std::to_string(std::random_device()())).u8string())) {}
  ~Place() { fs::remove(path); }

  std::vector<std::byte> Content() const {
    std::vector<std::byte> bytes;
    BOOST_REQUIRE(!ReadFile(path, 1 << 20, bytes));
    return bytes;
  }

  fs::path path;
};

BOOST_AUTO_TEST_SUITE(mapped_file)

BOOST_AUTO_TEST_CASE(a_new_one_is_zeros_and_keeps_what_is_stored) {
  const Place place;
  {
    MappedFile file;
    BOOST_REQUIRE(!file.Open(place.path, 100'000));
    BOOST_TEST(file.size() == 100'000u);
    BOOST_TEST(std::all_of(file.data(), file.data() + file.size(),
                           [](std::byte byte) { return byte == std::byte{0}; }));
    std::memcpy(file.data() + 70'000, "here", 4);
    BOOST_TEST(!file.Sync(70'001, 2));
    BOOST_TEST((place.Content()[70'000] == std::byte{'h'}));  // while it is mapped
  }
  const std::vector<std::byte> content = place.Content();
  BOOST_TEST(content.size() == 100'000u);
  BOOST_TEST(std::memcmp(&content[70'000], "here", 4) == 0);
}

BOOST_AUTO_TEST_CASE(an_older_one_is_brought_to_its_size) {
  const Place place;
  std::ofstream(place.path, std::ios::binary) << "0123456789";
  for (const std::size_t size : {std::size_t{5}, std::size_t{8}}) {
    MappedFile file;
    BOOST_REQUIRE(!file.Open(place.path, size));
    BOOST_TEST(std::memcmp(file.data(), "01234\0\0\0", size) == 0);
  }
  BOOST_TEST(place.Content().size() == 8u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_opened_is_an_error) {
  const Place place;
  MappedFile file;
  BOOST_TEST(bool(file.Open(place.path / "nowhere", 10)));
  BOOST_TEST(file.size() == 0u);
  std::vector<std::byte> bytes;
  BOOST_CHECK(ReadFile(place.path, 10, bytes) == std::errc::no_such_file_or_directory);
}

BOOST_AUTO_TEST_CASE(reading_ends_where_it_is_told_to) {
  const Place place;
  std::ofstream(place.path, std::ios::binary) << "0123456789";
  std::vector<std::byte> bytes;
  BOOST_TEST(!ReadFile(place.path, 4, bytes));
  BOOST_TEST(bytes.size() == 4u);
  BOOST_TEST(!SyncFile(place.path));
  BOOST_TEST(!SyncFolder(place.path.parent_path()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
