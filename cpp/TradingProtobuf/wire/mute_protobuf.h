#pragma once

namespace tpb::wire {

// What others send is the session's to report: protobuf shall not write of it to the error stream
// of the program we are loaded into. (The library is linked in, so no other use is muted.)
void MuteProtobuf();

}  // namespace tpb::wire
