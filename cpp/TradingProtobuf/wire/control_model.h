#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "model/control.h"
#include "tpb/stream_control.pb.h"

namespace tpb::wire {

// What of StreamControl is read in more than one kind of frame. These throw std::bad_alloc alone.

// Nothing where it is beyond the limits of control_reader.h.
std::optional<Control> ToControl(const v1::StreamControl& control);

Tier ToTier(trading::v1::SubscriptionTier tier);

// Cut to at most so many bytes, without splitting a character; control characters become spaces,
// for the text ends up in logs and on terminals.
std::string Printable(std::string_view text, std::size_t max_bytes);

}  // namespace tpb::wire
