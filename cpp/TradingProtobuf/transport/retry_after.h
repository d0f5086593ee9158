#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace tpb::transport {

// No gateway makes us wait longer than this.
inline constexpr std::chrono::hours kLongestRetryAfter{1};

// Reads a Retry-After header, seconds or an HTTP date. A date counts from `date`, the answer's own
// Date header, where there is one, because the two computers' clocks may differ; otherwise from
// `now`. The result lies between 0 and kLongestRetryAfter; nullopt = no such value.
std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value,
                                                         std::string_view date,
                                                         std::chrono::system_clock::time_point now);

}  // namespace tpb::transport
