#pragma once

#include <string>
#include <string_view>

#include "model/error.h"

namespace tpb {

// A bearer token and what it says of its holder. Only the gateway can verify it; here its claims
// are read to stamp batches with the tenant that the gateway will compare.
struct Token {
  std::string text;       // without "Bearer "
  std::string user_id;    // claim sub; "" where there is none
  std::string tenant_id;  // claim tenant_id; "" where there is none
};

// Reads a JWT, with or without "Bearer " before it. A token that is no JWT is taken as it is, with
// no claims. Refused: empty, over 16 KiB, characters that no HTTP header may hold.
Error ParseToken(std::string_view text, Token& token);

// Reads the first line of a file as a token.
Error ReadTokenFile(const std::string& path, Token& token);

}  // namespace tpb
