#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tick_stream.h"

namespace tpb::bench {

// Time and size a tick of the direct writer, libprotobuf's objects and JSON, in frames of 1,000
// ticks: the least of many rounds in which all take turns.
nlohmann::ordered_json MeasureEncoding(const TickStream& stream);

}  // namespace tpb::bench
