#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tick_stream.h"

namespace tpb::bench {

// What one call of SendTickBatch with five ticks costs its caller while a gateway takes them: one
// call after the other, and with the pauses of a market, in which the library's own thread sleeps.
// Throws std::runtime_error.
nlohmann::ordered_json MeasureSending(const TickStream& stream, const std::string& endpoint,
                                      const std::string& token);

}  // namespace tpb::bench
