#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "model/event.h"

namespace tpb {

// The events that nobody has taken yet, oldest first. Not for several threads.
class Events {
 public:
  static constexpr std::size_t kMax = 256;

  // Gives the event the next number and keeps it; beyond kMax the oldest is pushed out. Returns it
  // as it is kept.
  const EventInfo& Add(EventInfo event);
  std::optional<EventInfo> Next();

  std::int64_t lost() const { return lost_; }  // pushed out unread

 private:
  std::deque<EventInfo> kept_;
  std::int64_t newest_number_ = 0;
  std::int64_t lost_ = 0;
};

}  // namespace tpb
