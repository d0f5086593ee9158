#include "session/market_cache.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <utility>

#include "model/symbol_name.h"
#include "platform/crc32c.h"

namespace tpb {
namespace {

static_assert(std::endian::native == std::endian::little,
              "values are stored as they lie in memory");

constexpr std::array<char, 8> kMagic{'t', 'p', 'b', ' ', 'm', 'k', 't', '\n'};
// Both go on counting from there, or are taken from a clock.
constexpr std::uint64_t kMaxOrder = std::uint64_t{1} << 62;
// A file grows beyond this only for subscriptions that there are.
constexpr std::size_t kAmple = std::size_t{16} << 20;
constexpr std::int64_t kMaxMs = std::int64_t{1} << 53;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t crc32c = 0;  // of all that follows
  std::uint32_t version = MarketCache::kVersion;
  std::int64_t begun_unix_us = 0;
  std::uint32_t messages = 0;
  std::uint32_t owner_bytes = 0;
  std::array<char, MarketCache::kHeaderBytes - 32> owner{};
};
static_assert(sizeof(Header) == MarketCache::kHeaderBytes);

#pragma pack(push, 1)
struct Slot {
  std::uint32_t crc32c = 0;  // of all that follows, continued from the header's
  std::uint32_t zero = 0;
  std::uint64_t order = 0;  // of all messages of the file, from 1
  std::uint8_t timeframe = 0;
  std::uint8_t symbol_bytes = 0;
  std::array<std::uint8_t, 6> zeros{};
  std::array<char, kMaxSymbolBytes> symbol{};
  MarketData data;
};
#pragma pack(pop)
static_assert(sizeof(Slot) == MarketCache::kSlotBytes);

template <class T>
std::uint32_t ChecksumOf(const T& stored, std::size_t from, std::uint32_t seed) {
  return Crc32c(std::as_bytes(std::span(&stored, 1)).subspan(from), seed);
}

constexpr std::size_t kHeaderChecked = 12;
constexpr std::size_t kSlotChecked = 4;

std::string_view NameIn(const Slot& slot) { return {slot.symbol.data(), slot.symbol_bytes}; }

// Nothing where the bytes are damaged, or no slot of this file.
std::optional<Slot> ReadSlot(const std::byte* bytes, std::uint32_t seed) {
  Slot slot;
  std::memcpy(&slot, bytes, sizeof(slot));
  if (slot.order == 0 || slot.order > kMaxOrder || slot.timeframe >= kTimeframes) return {};
  if (slot.symbol_bytes > kMaxSymbolBytes || !IsSymbolName(NameIn(slot))) return {};
  if (ChecksumOf(slot, kSlotChecked, seed) != slot.crc32c) return {};
  const auto is_time = [](std::int64_t ms) { return ms >= 0 && ms <= kMaxMs; };
  if (!is_time(slot.data.received_ms) || !is_time(slot.data.age_ms)) return {};
  return slot;
}

std::optional<Header> ReadHeader(const std::filesystem::path& path) {
  Header header;
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(&header), sizeof(header))) return std::nullopt;
  return header;
}

bool IsOf(const Header& header, const MarketCache::Settings& settings) {
  return header.magic == kMagic && header.version == MarketCache::kVersion &&
         header.messages == settings.messages && header.owner_bytes <= header.owner.size() &&
         std::string_view(header.owner.data(), header.owner_bytes) == settings.owner &&
         ChecksumOf(header, kHeaderChecked, 0) == header.crc32c;
}

Header NewHeader(const MarketCache::Settings& settings) {
  Header header;
  header.begun_unix_us = settings.unix_us;
  header.messages = static_cast<std::uint32_t>(settings.messages);
  header.owner_bytes = static_cast<std::uint32_t>(settings.owner.size());
  std::ranges::copy(settings.owner, header.owner.begin());
  header.crc32c = ChecksumOf(header, kHeaderChecked, 0);
  return header;
}

}  // namespace

std::error_code MarketCache::Open(const Settings& settings) {
  if (settings.owner.size() > sizeof(Header::owner) || settings.messages == 0) {
    return std::make_error_code(std::errc::invalid_argument);
  }
  settings_ = settings;
  std::error_code error;
  if (settings.path.has_parent_path()) {
    std::filesystem::create_directories(settings.path.parent_path(), error);
  }
  std::filesystem::path lock = settings.path;
  if (error = lock_.Acquire(lock += ".lock"); error) return error;

  std::optional<Header> header = ReadHeader(settings.path);
  const bool ours = header && IsOf(*header, settings);
  if (error = Map(ours ? LanesInFile() : kFirstLanes); error) return error;
  if (!ours) {
    header = NewHeader(settings);
    std::memcpy(file_->data(), &*header, sizeof(*header));
  }
  seed_ = header->crc32c;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) ReadLane(lane);
  return {};
}

// A file that was cut short is as long again with zeros, which are no slots.
std::size_t MarketCache::LanesInFile() const {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(settings_.path, error);
  std::size_t lanes = kFirstLanes;
  while (!error && lanes < kMaxLanes && BytesOf(lanes) < bytes) lanes *= 2;
  return lanes;
}

std::error_code MarketCache::Map(std::size_t lanes) {
  auto file = std::make_unique<MappedFile>();
  lanes_.reserve(lanes);
  file_.reset();  // Windows changes the size of no file that is mapped
  if (const std::error_code error = file->Open(settings_.path, BytesOf(lanes))) return error;
  file_ = std::move(file);
  lanes_.resize(lanes);
  return {};
}

void MarketCache::ReadLane(std::size_t index) {
  Lane& lane = lanes_[index];
  for (std::size_t place = 0; place < settings_.messages; ++place) {
    const std::optional<Slot> slot = ReadSlot(SlotAt(index, place), seed_);
    if (!slot || slot->order <= lane.newest) continue;
    lane.newest = slot->order;
    lane.symbol = NameIn(*slot);
    lane.timeframe = static_cast<Timeframe>(slot->timeframe);
    lane.next = (place + 1) % settings_.messages;
  }
  order_ = std::max(order_, lane.newest);
}

// A lane that changed hands still holds some of who had it before.
std::vector<MarketData> MarketCache::MessagesOf(std::size_t index) const {
  const Lane& lane = lanes_[index];
  std::vector<std::pair<std::uint64_t, MarketData>> found;
  for (std::size_t place = 0; place < settings_.messages; ++place) {
    const std::optional<Slot> slot = ReadSlot(SlotAt(index, place), seed_);
    if (slot && NameIn(*slot) == lane.symbol &&
        static_cast<Timeframe>(slot->timeframe) == lane.timeframe) {
      found.emplace_back(std::uint64_t{slot->order}, slot->data);
    }
  }
  std::ranges::sort(found, {}, [](const auto& each) { return each.first; });
  std::vector<MarketData> messages;
  messages.reserve(found.size());
  for (const auto& [order, data] : found) messages.push_back(data);
  return messages;
}

std::error_code MarketCache::Take(std::string_view symbol, Timeframe timeframe, std::size_t& taken,
                                  std::vector<MarketData>& kept) {
  kept.clear();
  if (const std::error_code error = FindLane(symbol, timeframe, taken)) return error;
  if (taken == kNoLane) return {};
  Lane& lane = lanes_[taken];
  lane.taken = true;
  if (lane.symbol == symbol && lane.timeframe == timeframe) {
    kept = MessagesOf(taken);
  } else {
    lane.symbol = symbol;
    lane.timeframe = timeframe;
  }
  return {};
}

std::error_code MarketCache::FindLane(std::string_view symbol, Timeframe timeframe,
                                      std::size_t& found) {
  found = kNoLane;
  const auto is_its_own = [&](const Lane& lane) {
    return lane.symbol == symbol && lane.timeframe == timeframe;
  };
  std::size_t spare = kNoLane;  // free, or left for longest
  std::size_t own = kNoLane;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const Lane& lane = lanes_[i];
    if (is_its_own(lane) && (own == kNoLane || lane.newest >= lanes_[own].newest)) own = i;
    if (!lane.taken && (spare == kNoLane || lane.newest < lanes_[spare].newest)) spare = i;
  }
  const std::size_t lanes = lanes_.size();
  const bool is_ample = lanes == kMaxLanes || BytesOf(lanes * 2) > kAmple;
  const bool has_spare = spare != kNoLane && (is_ample || lanes_[spare].newest == 0);
  if (own != kNoLane) {
    found = own;
  } else if (has_spare || lanes == kMaxLanes) {
    found = spare;
  } else {
    if (const std::error_code error = Map(lanes * 2)) return error;
    found = lanes;
  }
  return {};
}

void MarketCache::Append(std::size_t index, const MarketData& data) noexcept {
  Lane& lane = lanes_[index];
  Slot slot;
  slot.order = ++order_;
  slot.timeframe = static_cast<std::uint8_t>(lane.timeframe);
  slot.symbol_bytes = static_cast<std::uint8_t>(lane.symbol.size());
  std::ranges::copy(lane.symbol, slot.symbol.begin());
  slot.data = data;
  slot.data.subscription = slot.data.live = 0;
  slot.crc32c = ChecksumOf(slot, kSlotChecked, seed_);
  std::memcpy(SlotAt(index, lane.next), &slot, sizeof(slot));
  lane.newest = slot.order;
  lane.next = (lane.next + 1) % settings_.messages;
}

}  // namespace tpb
