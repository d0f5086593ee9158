#include "session/backoff.h"

#include <algorithm>

namespace tpb {

milliseconds Backoff::Next() {
  const std::int64_t doubled = min_.count() << std::min(tries_, 20);
  ++tries_;
  const std::int64_t longest = std::min<std::int64_t>(doubled, max_.count());
  return milliseconds(
      std::uniform_int_distribution<std::int64_t>(longest - longest / 2, longest)(random_));
}

}  // namespace tpb
