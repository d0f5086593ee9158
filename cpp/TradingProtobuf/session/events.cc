#include "session/events.h"

#include <utility>

namespace tpb {

const EventInfo& Events::Add(EventInfo event) {
  event.number = newest_number_ + 1;
  kept_.push_back(std::move(event));
  ++newest_number_;
  if (kept_.size() > kMax) {
    kept_.pop_front();
    ++lost_;
  }
  return kept_.back();
}

std::optional<EventInfo> Events::Next() {
  if (kept_.empty()) return std::nullopt;
  EventInfo event = std::move(kept_.front());
  kept_.pop_front();
  return event;
}

}  // namespace tpb
