// Stands in for libFuzzer where the compiler has none: gives the target each file of a folder, so
// that every seed stays a test in every build.
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <vector>

#include "input.h"

namespace {

// Returns the number of files.
int Replay(const std::filesystem::path& folder) {
  std::set<std::filesystem::path> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) seeds.insert(entry.path());
  for (const std::filesystem::path& seed : seeds) {
    std::cout << seed.string() << std::endl;  // flushed: the newest line names the one that fails
    std::ifstream file(seed, std::ios::binary);
    file.exceptions(std::ios::badbit);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  return static_cast<int>(seeds.size());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 2 && Replay(argv[1]) > 0) return 0;
    std::cerr << "usage: fuzz_TARGET FOLDER, which holds at least one file\n";
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << "\n";
  }
  return 1;
}
