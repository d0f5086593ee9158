#include "prelude/guarded_call.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>

namespace mql5 {
namespace {

constexpr std::size_t kCanaryBytes = 64;
constexpr std::uint8_t kCanary = 0xC5;
constexpr std::uint8_t kSpoiled = 0xDB;
constexpr std::size_t kBlocksKept = 256;
constexpr std::size_t kBytesKept = 1 << 20;  // all are looked at with each call

bool all_are(const std::uint8_t* begin, std::size_t count, std::uint8_t value) {
  return count == 0 || (begin[0] == value && std::memcmp(begin, begin + 1, count - 1) == 0);
}

// Blocks of past calls. What a library kept a pointer to still exists, and holds nonsense.
class SpoiledBlocks {
 public:
  void keep(std::vector<std::uint8_t> block) {
    const std::lock_guard lock(mutex_);
    bytes_ += block.size();
    blocks_.push_back(std::move(block));
    while (blocks_.size() > kBlocksKept || bytes_ > kBytesKept) {
      note(blocks_.front());
      bytes_ -= blocks_.front().size();
      blocks_.pop_front();
    }
  }

  bool are_untouched() {
    const std::lock_guard lock(mutex_);
    for (const auto& block : blocks_) note(block);
    return !was_written_;
  }

 private:
  void note(const std::vector<std::uint8_t>& block) {
    was_written_ = was_written_ || !all_are(block.data(), block.size(), kSpoiled);
  }

  std::mutex mutex_;
  std::deque<std::vector<std::uint8_t>> blocks_;
  std::size_t bytes_ = 0;
  bool was_written_ = false;
};

SpoiledBlocks& spoiled_blocks() {
  static SpoiledBlocks& blocks = *new SpoiledBlocks;  // outlives every thread
  return blocks;
}

}  // namespace

LentBlock::LentBlock(const void* content, std::size_t size, bool is_constant)
    : memory_(size + 2 * kCanaryBytes, kCanary), size_(size) {
  if (size > 0) std::memcpy(data(), content, size);
  if (is_constant) before_.assign(memory_.begin(), memory_.end());
}

LentBlock::~LentBlock() {
  if (memory_.empty()) return;  // moved away
  std::fill(memory_.begin(), memory_.end(), kSpoiled);
  spoiled_blocks().keep(std::move(memory_));
}

void* LentBlock::data() { return memory_.data() + kCanaryBytes; }

void LentBlock::check(const char* function) const {
  const std::string name(function);
  if (!all_are(memory_.data(), kCanaryBytes, kCanary)) {
    throw CriticalError(name + " wrote before an argument");
  }
  if (!all_are(memory_.data() + kCanaryBytes + size_, kCanaryBytes, kCanary)) {
    throw CriticalError(name + " wrote past the end of an argument");
  }
  if (!before_.empty() && memory_ != before_) {
    throw CriticalError(name + " changed a constant argument");
  }
}

void check_spoiled_blocks(const char* function) {
  if (!spoiled_blocks().are_untouched()) {
    throw CriticalError(std::string("before ") + function +
                        ": the library kept a pointer and wrote to it after the call");
  }
}

LentText::LentText(const string& text)
    : block_(text.units().c_str(), (text.units().size() + 1) * sizeof(wchar_t), true) {}

}  // namespace mql5
