#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace tpb {

// A folder of its own for a test, gone with it. Its name is not ASCII. In memory where there is
// such a place: thousands of journals would wait for a disk.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    const std::filesystem::path in_memory = "/dev/shm";
    path_ = (is_directory(in_memory) ? in_memory : std::filesystem::temp_directory_path()) /
            (u8"tpb-d\u00e9p\u00f4t-" + Digits(random()) + Digits(random()));
    std::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string text() const {
    const std::u8string text = path_.u8string();
    return {text.begin(), text.end()};
  }

 private:
  static std::u8string Digits(unsigned number) {
    const std::string digits = std::to_string(number);
    return {digits.begin(), digits.end()};
  }

  std::filesystem::path path_;
};

}  // namespace tpb
