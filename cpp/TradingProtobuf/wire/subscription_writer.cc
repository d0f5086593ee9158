#include "wire/subscription_writer.h"

#include <span>
#include <string>

#include "trading/market_data.pb.h"

namespace tpb::wire {

std::vector<std::byte> WriteSubscription(std::string_view symbol, std::string_view timeframe,
                                         bool subscribe) {
  trading::v1::SubscriptionRequest request;
  request.set_symbol(symbol);
  request.set_data_type(kPricesWithIndicators);
  request.set_timeframe(timeframe);
  request.set_action(subscribe ? trading::v1::SUBSCRIPTION_ACTION_SUBSCRIBE
                               : trading::v1::SUBSCRIPTION_ACTION_UNSUBSCRIBE);
  const std::string bytes = request.SerializeAsString();
  const auto first = std::as_bytes(std::span(bytes));
  return {first.begin(), first.end()};
}

}  // namespace tpb::wire
