#include "session/status.h"

#include <boost/json.hpp>
#include <type_traits>

namespace tpb {

std::string ToJson(const Status& status) {
  boost::json::object object;
  ForEachField(status, [&](const char* name, const auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_enum_v<Value>) {
      object[name] = static_cast<std::int32_t>(value);
    } else {
      object[name] = value;
    }
  });
  object["state_name"] = Name(status.state);
  return boost::json::serialize(object);
}

}  // namespace tpb
