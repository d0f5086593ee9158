#include "session/status.h"

#include <boost/json.hpp>
#include <string>
#include <type_traits>

namespace tpb {

std::string ToJson(const Status& status, const MarketStatus& market) {
  boost::json::object object;
  const auto add = [&](const std::string& name, const auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_enum_v<Value>) {
      object[name] = static_cast<std::int32_t>(value);
    } else {
      object[name] = value;
    }
  };
  ForEachField(status, add);
  object["state_name"] = Name(status.state);
  ForEachMarketField(market, [&](const char* name, const auto& value) {
    add(std::string("market_") + name, value);
  });
  return boost::json::serialize(object);
}

}  // namespace tpb
