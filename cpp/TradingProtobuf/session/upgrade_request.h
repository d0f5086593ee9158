#pragma once

#include <cstddef>
#include <string>

#include "session/endpoint.h"
#include "session/machine.h"
#include "session/options.h"
#include "transport/web_socket.h"

namespace tpb {

// What the session's connections have in common.

transport::ConnectRequest RequestTo(const Endpoint& endpoint, const Options& options,
                                    std::string subprotocol, std::size_t max_frame_bytes);

// Tries only whether the endpoint answers HTTP: says nothing of us.
transport::ConnectRequest ProbeOf(const Endpoint& endpoint, const Options& options);

// Adds x-check over all that was said so far: a request is not to be taken for another one because
// of a bit that flipped on its way.
void AddCheck(transport::ConnectRequest& request);

event::ConnectFailed ToConnectFailed(const transport::ConnectFailure& failure);

}  // namespace tpb
