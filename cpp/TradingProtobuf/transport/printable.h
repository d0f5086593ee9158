#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tpb::transport {

// What a peer or a file said, made fit for a sentence: control characters and broken UTF-8 become
// spaces, runs of spaces one, and no more than `limit` bytes are kept.
std::string Printable(std::string_view text, std::size_t limit);

}  // namespace tpb::transport
