#pragma once

#include <string>

#include "transport/web_socket.h"

namespace tpb::transport {

// Says why `request` must not be sent as it is; "" = it may. A line break in a header or a target
// would let whoever chose it write headers of their own. Never names a header's value.
std::string CheckRequest(const ConnectRequest& request);

}  // namespace tpb::transport
