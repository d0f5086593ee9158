#include "session/token.h"

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace tpb {
namespace {

// {"alg":"HS256"} . {"sub":"ann","tenant_id":"acme","tier":"pro"} . no real signature
constexpr char kJwt[] =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJ0ZW5hbnRfaWQiOiJhY21lIiwidGllciI6InBybyJ9.c2ln";

BOOST_AUTO_TEST_SUITE(token)

BOOST_AUTO_TEST_CASE(claims_are_read_with_and_without_bearer) {
  for (const std::string prefix : {"", "Bearer ", "bearer ", "  Bearer   "}) {
    Token token;
    BOOST_TEST(!ParseToken(prefix + kJwt + "\r\n", token));
    BOOST_TEST(token.text == kJwt);
    BOOST_TEST(token.user_id == "ann");
    BOOST_TEST(token.tenant_id == "acme");
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_jwt_has_no_claims) {
  for (const std::string text : {"opaque", "a.b", "a.b.c", "a.!!!.c", "a.W10.c", "..",
                                 "x.eyJzdWIiOjUsInRlbmFudF9pZCI6bnVsbH0.y"}) {
    Token token;
    BOOST_TEST(!ParseToken(text, token), text);
    BOOST_TEST(token.user_id == "", text);
    BOOST_TEST(token.tenant_id == "", text);
  }
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_by_the_parser) {
  // base64url of 30,000 times "[" stands for a claims part made to exhaust the stack.
  std::string claims;
  for (int i = 0; i < 3000; ++i) claims += "W1tb";
  Token token;
  BOOST_TEST(!ParseToken("a." + claims + ".c", token));
  BOOST_TEST(token.tenant_id == "");
}

BOOST_AUTO_TEST_CASE(unusable_tokens_are_refused_without_being_shown) {
  for (const std::string& text :
       {std::string(), std::string("  "), std::string("Bearer "), std::string("secret one"),
        std::string("secret\x01"), std::string("secret\r\nX-Evil: 1"), std::string(1 << 20, 's')}) {
    Token token;
    const Error error = ParseToken(text, token);
    BOOST_TEST((error.code == Code::kBadConfig));
    BOOST_TEST(error.text.find("secret") == std::string::npos);
    BOOST_TEST(error.text.size() < 300u);
  }
}

BOOST_AUTO_TEST_CASE(file) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "tpb_token_test.jwt";
  std::ofstream(path) << kJwt << "\nsecond line\n";
  Token token;
  BOOST_TEST(!ReadTokenFile(path.string(), token));
  BOOST_TEST(token.tenant_id == "acme");
  std::filesystem::remove(path);
  BOOST_TEST((ReadTokenFile(path.string(), token).code == Code::kBadConfig));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
