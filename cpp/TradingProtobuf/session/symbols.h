#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/error.h"
#include "model/symbol_name.h"
#include "quality/indicators.h"
#include "quality/tick_check.h"
#include "wire/batch_writer.h"

namespace tpb {

// How far a symbol's ticks are with the library (TpbCursor).
struct Cursor {
  std::int64_t time_msc = 0;  // 0 = no tick yet
  std::int32_t count = 0;     // of ticks with exactly that time

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// A symbol that this session has seen.
struct Symbol {
  Symbol(std::string_view name, const quality::Limits& limits) : tag(name), check(limits) {}

  // A tick was accepted. One that comes a little late leaves the cursor where it is; where time
  // really ran back the cursor follows, or it would stand in the future until time catches up.
  void Took(std::int64_t time_msc) {
    if (time_msc == cursor.time_msc) {
      ++cursor.count;
    } else if (time_msc > cursor.time_msc ||
               time_msc < cursor.time_msc - check.limits().backward_ms) {
      cursor = {.time_msc = time_msc, .count = 1};
    }
  }

  wire::SymbolTag tag;
  std::int64_t newest_sequence = 0;  // of its ticks
  Cursor cursor;
  quality::TickCheck check;
  std::unique_ptr<quality::Indicators> indicators;  // of its ticks, where they are asked for
};

// The symbols of a session, found by name. What is returned stays where it is, until Read.
class Symbols {
 public:
  static constexpr std::size_t kMax = 16384;

  explicit Symbols(quality::Rules rules = {}) : rules_(std::move(rules)) {}

  // Null when the session has its fill of symbols.
  Symbol* Find(std::string_view name) {
    if (name == newest_name_ && newest_ != nullptr) return newest_;
    auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      if (by_name_.size() == kMax) return nullptr;
      found = by_name_.try_emplace(std::string(name), name, rules_.For(name)).first;
    }
    // A map's nodes, and so the key's characters, never move.
    newest_name_ = found->first;
    newest_ = &found->second;
    return newest_;
  }

  // Null when it has none of that name.
  const Symbol* Seen(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &found->second;
  }

  // Appends a checkpoint: of each symbol its name, newest sequence and cursor.
  void Write(std::vector<std::byte>& out) const;
  // Takes a checkpoint in place of all symbols; false, and nothing has changed, when it is none.
  bool Read(std::span<const std::byte> checkpoint);
  // Upper bound of what Write appends, for so many symbols.
  static constexpr std::size_t MaxBytes(std::size_t symbols) { return 8 + symbols * (1 + 64 + 20); }
  std::size_t size() const { return by_name_.size(); }

  // A tick found again in a journal; one that is known already changes nothing. False when its
  // values are none of ours, or the session has its fill of symbols.
  bool Replay(std::string_view name, std::int64_t sequence_number, std::int64_t time_msc);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  using ByName = std::unordered_map<std::string, Symbol, Hash, std::equal_to<>>;

  quality::Rules rules_;
  ByName by_name_;
  std::string_view newest_name_;
  Symbol* newest_ = nullptr;
};

}  // namespace tpb
