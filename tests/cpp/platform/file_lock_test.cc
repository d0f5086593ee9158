#include "platform/file_lock.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <random>
#include <string>

namespace tpb {
namespace {

// Between processes it is tested with the journal.
BOOST_AUTO_TEST_CASE(one_owner_at_a_time_within_a_process_too) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("tpb-" + std::to_string(std::random_device()()));
  FileLock lock;
  BOOST_TEST(!lock.Acquire(path));
  {
    FileLock second;
    BOOST_CHECK(second.Acquire(path) == std::errc::device_or_resource_busy);
  }
  lock.Release();
  FileLock third;
  BOOST_TEST(!third.Acquire(path));
  third.Release();
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tpb
