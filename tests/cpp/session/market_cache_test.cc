// What is kept of market data over a restart, and that no damage to it is ever taken for a price.
#include "session/market_cache.h"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "temporary_folder.h"

namespace tpb {
namespace {

using Numbers = std::vector<std::int64_t>;
const auto kEach = boost::test_tools::per_element();

class Scene {
 public:
  explicit Scene(std::size_t messages = 3) {
    settings.path = folder.path() / "deep" / "market.cache";
    settings.owner = "acme\nann\nwss://gateway:443/ws/market-data";
    settings.messages = messages;
    settings.unix_us = 1'700'000'000'000'000;
  }

  const TemporaryFolder folder{"market_cache"};
  MarketCache::Settings settings;
  std::unique_ptr<MarketCache> cache;

  // As another process does, after this one has ended.
  void Open() {
    cache.reset();
    cache = std::make_unique<MarketCache>();
    const std::error_code error = cache->Open(settings);
    BOOST_REQUIRE_MESSAGE(!error, error.message());
  }

  // The numbers of what is kept; the lane is then taken.
  Numbers Take(const std::string& symbol, Timeframe timeframe = Timeframe::k1m) {
    std::vector<MarketData> kept;
    BOOST_REQUIRE(!cache->Take(symbol, timeframe, lane, kept));
    Numbers numbers;
    for (const MarketData& data : kept) {
      BOOST_TEST(data.bid == 1.0 + static_cast<double>(+data.number));
      BOOST_TEST(+data.live == 0);
      numbers.push_back(data.number);
    }
    return numbers;
  }

  void Append(std::int64_t number) {
    MarketData data;
    data.bid = 1.0 + static_cast<double>(number);
    data.number = number;
    data.received_ms = 1'700'000'000'000 + number;
    data.live = 1;
    data.subscription = 9;
    cache->Append(lane, data);
  }

  std::string File() const {
    std::ifstream file(settings.path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void Write(const std::string& bytes) const {
    std::ofstream file(settings.path, std::ios::binary | std::ios::trunc);
    file << bytes;
  }

  std::size_t lane = MarketCache::kNoLane;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(market_cache)

BOOST_AUTO_TEST_CASE(the_newest_outlive_the_process) {
  Scene scene;
  scene.Open();
  BOOST_TEST(scene.Take("EURUSD") == Numbers{}, kEach);
  for (int i = 1; i <= 5; ++i) scene.Append(i);
  BOOST_TEST(scene.Take("EURUSD", Timeframe::kTick) == Numbers{}, kEach);
  scene.Append(50);
  BOOST_TEST(scene.Take("GBPUSD") == Numbers{}, kEach);
  scene.Open();
  BOOST_TEST(scene.Take("EURUSD") == (Numbers{3, 4, 5}), kEach);
  scene.Append(6);
  BOOST_TEST(scene.Take("EURUSD", Timeframe::kTick) == Numbers{50}, kEach);
  scene.Open();
  BOOST_TEST(scene.Take("EURUSD") == (Numbers{4, 5, 6}), kEach);
}

// The memory is the file's: what was stored is there for the next one however this one ended.
BOOST_AUTO_TEST_CASE(nothing_waits_for_a_good_end) {
  Scene scene;
  scene.Open();
  scene.Take("EURUSD");
  scene.Append(1);
  const std::string bytes = scene.File();
  Scene next;
  std::filesystem::create_directories(next.settings.path.parent_path());
  next.Write(bytes);
  next.Open();
  BOOST_TEST(next.Take("EURUSD") == Numbers{1}, kEach);
}

BOOST_AUTO_TEST_CASE(one_session_at_a_time) {
  Scene scene;
  scene.Open();
  MarketCache second;
  BOOST_TEST((second.Open(scene.settings) == std::errc::device_or_resource_busy));
}

BOOST_AUTO_TEST_CASE(a_file_of_others_or_of_another_shape_is_begun_anew) {
  const auto changed = [](auto change) {
    Scene scene;
    scene.Open();
    scene.Take("EURUSD");
    scene.Append(1);
    change(scene);
    scene.Open();
    BOOST_TEST(scene.Take("EURUSD") == Numbers{}, kEach);
    scene.Append(7);
    scene.Open();
    BOOST_TEST(scene.Take("EURUSD") == Numbers{7}, kEach);
    return scene.File().size();
  };
  changed([](Scene& scene) { scene.settings.owner = "acme\nbob\nwss://gateway:443/"; });
  const std::size_t more = changed([](Scene& scene) { scene.settings.messages = 4; });
  const std::size_t fewer = changed([](Scene& scene) { scene.settings.messages = 1; });
  BOOST_TEST(more == 4096 + 8 * 4 * 256);
  BOOST_TEST(fewer == 4096 + 8 * 1 * 256);
  changed([](Scene& scene) {
    scene.cache.reset();
    std::string bytes = scene.File();
    bytes[12] ^= 3;  // another version
    scene.Write(bytes);
    scene.settings.unix_us += 1;
  });
  // Slots of an earlier beginning by the same owner do not count either.
  changed([](Scene& scene) {
    const std::string own = std::exchange(scene.settings.owner, "another\none\n");
    scene.Open();
    scene.settings.owner = own;
    scene.settings.unix_us += 1;
  });
}

BOOST_AUTO_TEST_CASE(the_file_grows_with_the_subscriptions) {
  Scene scene(1);
  scene.Open();
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(scene.Take("S" + std::to_string(i)) == Numbers{}, kEach);
    scene.Append(i);
  }
  BOOST_TEST(scene.cache->lanes() == 32);
  BOOST_TEST(scene.File().size() == 4096 + 32 * 256);
  scene.Open();
  BOOST_TEST(scene.cache->lanes() == 32);
  for (int i = 19; i >= 0; --i) {
    BOOST_TEST(scene.Take("S" + std::to_string(i)) == Numbers{i}, kEach);
  }
}

BOOST_AUTO_TEST_CASE(a_full_file_gives_away_what_was_left_for_longest) {
  Scene scene(1);
  scene.Open();
  std::vector<std::size_t> lanes;
  for (std::size_t i = 0; i < MarketCache::kMaxLanes; ++i) {
    scene.Take("S" + std::to_string(i));
    scene.Append(static_cast<std::int64_t>(i));
    lanes.push_back(scene.lane);
  }
  BOOST_TEST(scene.cache->lanes() == MarketCache::kMaxLanes);
  BOOST_TEST(scene.Take("ONE_MORE") == Numbers{}, kEach);
  BOOST_TEST(scene.lane == MarketCache::kNoLane);  // all are taken
  scene.cache->Leave(lanes[7]);
  scene.cache->Leave(lanes[5]);
  scene.Take("ONE_MORE");
  BOOST_TEST(scene.lane == lanes[5]);
  scene.Append(5000);
  BOOST_TEST(scene.Take("S7") == Numbers{7}, kEach);
  scene.Open();
  BOOST_TEST(scene.Take("ONE_MORE") == Numbers{5000}, kEach);
}

BOOST_AUTO_TEST_CASE(a_lane_that_changed_hands_gives_only_its_own) {
  Scene scene(4);
  // A file so ample that it does not grow for those who left: lanes are many and long.
  scene.settings.messages = 4097;
  scene.Open();
  for (int i = 0; i < 16; ++i) {
    scene.Take("S" + std::to_string(i));
    scene.Append(i);
    scene.Append(100 + i);
    scene.cache->Leave(scene.lane);
  }
  BOOST_TEST(scene.cache->lanes() == 8);
  scene.Open();
  BOOST_TEST(scene.Take("S3") == Numbers{}, kEach);  // given away
  scene.Append(3);
  BOOST_TEST(scene.Take("S15") == (Numbers{15, 115}), kEach);
  scene.Open();
  BOOST_TEST(scene.Take("S3") == Numbers{3}, kEach);
}

// Wherever the file ends, what is read is what was written.
BOOST_AUTO_TEST_CASE(a_file_cut_at_any_byte) {
  Scene whole(2);
  whole.Open();
  for (const char* symbol : {"EURUSD", "GBPUSD"}) {
    whole.Take(symbol);
    for (int i = 1; i <= 3; ++i) whole.Append(i);
  }
  const std::string bytes = whole.File();
  Scene cut(2);
  cut.Open();
  cut.cache.reset();
  for (std::size_t size = 0; size <= 4096 + 5 * 256; ++size) {
    std::string padded = bytes.substr(0, size);
    cut.Write(padded);
    cut.Open();
    padded.resize(bytes.size());  // zeros that are gone come again
    const auto is_whole = [&](std::size_t slot) {
      return size >= 4096 &&
             padded.compare(4096 + slot * 256, 256, bytes, 4096 + slot * 256, 256) == 0;
    };
    const auto kept = [&](std::size_t first) {
      return is_whole(first + 1) ? Numbers{2, 3} : is_whole(first) ? Numbers{3} : Numbers{};
    };
    BOOST_TEST_CONTEXT("cut to " << size) {
      BOOST_TEST(cut.Take("EURUSD") == kept(0), kEach);
      BOOST_TEST(cut.Take("GBPUSD") == kept(2), kEach);
    }
    cut.cache.reset();
  }
}

// Whichever bit flips, a message is read as it was or not at all.
BOOST_AUTO_TEST_CASE(any_bit_flipped) {
  Scene whole(1);
  whole.Open();
  whole.Take("EURUSD");
  whole.Append(1);
  const std::string bytes = whole.File();
  Scene damaged(1);
  damaged.settings.unix_us += 1;
  damaged.Open();
  damaged.cache.reset();
  for (std::size_t bit = 0; bit < (4096 + 256) * 8; ++bit) {
    const std::size_t byte = bit / 8;
    if (byte >= 256 && byte < 4096 - 8) continue;  // the owner's place is long
    std::string flipped = bytes;
    flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << bit % 8));
    damaged.Write(flipped);
    damaged.Open();
    BOOST_TEST_CONTEXT("bit " << bit) { BOOST_TEST(damaged.Take("EURUSD") == Numbers{}, kEach); }
    damaged.cache.reset();
  }
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written_is_an_error) {
  Scene scene;
  std::filesystem::create_directories(scene.settings.path);  // a folder stands in its way
  MarketCache cache;
  BOOST_TEST(static_cast<bool>(cache.Open(scene.settings)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb
