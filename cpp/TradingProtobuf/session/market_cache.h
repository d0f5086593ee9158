#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "model/market_data.h"
#include "platform/file_lock.h"
#include "platform/mapped_file.h"

namespace tpb {

// The newest messages of each subscription in a file that outlives the process (MARKET_CACHE.md).
// One lane of slots a subscription. Not for several threads.
class MarketCache {
 public:
  static constexpr std::uint32_t kVersion = 1;
  static constexpr std::size_t kHeaderBytes = 4096;
  static constexpr std::size_t kSlotBytes = 256;
  static constexpr std::size_t kFirstLanes = 8;
  static constexpr std::size_t kMaxLanes = 1024;
  static constexpr std::size_t kNoLane = ~std::size_t{0};

  struct Settings {
    std::filesystem::path path;
    std::string owner;         // whose prices these are; a file of others is begun anew
    std::size_t messages = 0;  // kept of each subscription
    std::int64_t unix_us = 0;  // now
  };

  // Takes the file, and what it holds of this owner. std::errc::device_or_resource_busy where
  // another session has it. Once only.
  std::error_code Open(const Settings& settings);

  // The lane of a subscription: the one it had, a free one, or, where the file is ample, the one
  // that nobody took for longest; kNoLane where there is none. `kept` becomes what stands in it,
  // oldest first. After an error nothing but the end of this object makes sense.
  std::error_code Take(std::string_view symbol, Timeframe timeframe, std::size_t& lane,
                       std::vector<MarketData>& kept);
  // The subscription has ended: what it kept stays until another one needs the lane.
  void Leave(std::size_t lane) { lanes_[lane].taken = false; }

  // Stores a message in the place of the lane's oldest. No system call.
  void Append(std::size_t lane, const MarketData& data) noexcept;

  std::size_t lanes() const { return lanes_.size(); }

 private:
  struct Lane {
    std::string symbol;  // "" = free
    Timeframe timeframe = Timeframe::kTick;
    bool taken = false;
    std::uint64_t newest = 0;  // order of its newest message; 0 = none
    std::size_t next = 0;      // the place of the next one
  };

  std::size_t BytesOf(std::size_t lanes) const {
    return kHeaderBytes + lanes * settings_.messages * kSlotBytes;
  }
  std::size_t LanesInFile() const;
  std::error_code Map(std::size_t lanes);
  std::error_code FindLane(std::string_view symbol, Timeframe timeframe, std::size_t& lane);
  void ReadLane(std::size_t lane);
  std::vector<MarketData> MessagesOf(std::size_t lane) const;
  std::byte* SlotAt(std::size_t lane, std::size_t place) const {
    return file_->data() + kHeaderBytes + (lane * settings_.messages + place) * kSlotBytes;
  }

  Settings settings_;
  FileLock lock_;
  std::unique_ptr<MappedFile> file_;
  std::uint32_t seed_ = 0;   // the header's checksum
  std::uint64_t order_ = 0;  // of the newest message of all
  std::vector<Lane> lanes_;
};

}  // namespace tpb
