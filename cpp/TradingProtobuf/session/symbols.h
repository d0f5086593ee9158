#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "wire/batch_writer.h"

namespace tpb {

// A symbol that this session has seen.
struct Symbol {
  wire::SymbolTag tag;
  std::int64_t newest_sequence = 0;  // of its ticks
};

// The symbols of a session, found by name. What is returned stays where it is.
class Symbols {
 public:
  static constexpr std::size_t kMax = 16384;

  // Null when the session has its fill of symbols.
  Symbol* Find(std::string_view name) {
    if (name == newest_name_ && newest_ != nullptr) return newest_;
    auto found = by_name_.find(name);
    if (found == by_name_.end()) {
      if (by_name_.size() == kMax) return nullptr;
      found = by_name_.emplace(name, Symbol{wire::SymbolTag(name)}).first;
    }
    // A map's nodes, and so the key's characters, never move.
    newest_name_ = found->first;
    newest_ = &found->second;
    return newest_;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };

  std::unordered_map<std::string, Symbol, Hash, std::equal_to<>> by_name_;
  std::string_view newest_name_;
  Symbol* newest_ = nullptr;
};

}  // namespace tpb
