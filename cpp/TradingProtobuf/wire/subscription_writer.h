#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tpb::wire {

// The kind of data that is asked for.
inline constexpr std::string_view kPricesWithIndicators = "real_time_with_indicators";

// One SubscriptionRequest: to begin, or to end. `timeframe` as it stands on the wire.
std::vector<std::byte> WriteSubscription(std::string_view symbol, std::string_view timeframe,
                                         bool subscribe);

}  // namespace tpb::wire
