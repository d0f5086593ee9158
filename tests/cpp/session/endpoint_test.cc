#include "session/endpoint.h"

#include <boost/test/unit_test.hpp>

namespace tpb {
namespace {

Endpoint Parsed(std::string_view url) {
  Endpoint endpoint;
  const Error error = ParseEndpoint(url, endpoint);
  BOOST_TEST(error.text == "");
  return endpoint;
}

BOOST_AUTO_TEST_SUITE(endpoint)

BOOST_AUTO_TEST_CASE(parts_and_defaults) {
  const Endpoint full = Parsed("wss://gateway.example:8000/feed/a?b=c");
  BOOST_TEST(full.tls);
  BOOST_TEST(full.host == "gateway.example");
  BOOST_TEST(full.port == 8000);
  BOOST_TEST(full.target == "/feed/a?b=c");
  BOOST_TEST(full.url() == "wss://gateway.example:8000/feed/a");  // a query may hold a secret

  const Endpoint bare = Parsed("ws://localhost");
  BOOST_TEST(!bare.tls);
  BOOST_TEST(bare.port == 80);
  BOOST_TEST(bare.target == "/ws/mt5");
  BOOST_TEST(Parsed("wss://a").port == 443);
  BOOST_TEST(Parsed("wss://a/").target == "/ws/mt5");
  BOOST_TEST(Parsed("wss://[::1]:99").host == "::1");
  BOOST_TEST(Parsed("wss://[::1]:99").url() == "wss://[::1]:99/ws/mt5");
}

BOOST_AUTO_TEST_CASE(loopback) {
  for (const char* url :
       {"ws://localhost", "ws://127.0.0.1:8000", "ws://127.9.9.9", "ws://[::1]"}) {
    BOOST_TEST(Parsed(url).loopback(), url);
  }
  for (const char* url : {"ws://example.com", "ws://127.0.0.1.example.com", "ws://127.example",
                          "ws://localhost.example.com", "ws://10.0.0.1", "ws://[::2]"}) {
    BOOST_TEST(!Parsed(url).loopback(), url);
  }
}

BOOST_AUTO_TEST_CASE(where_the_market_data_of_a_gateway_is) {
  const auto target = [](std::string_view url) {
    Endpoint endpoint;
    BOOST_TEST(ParseEndpoint(url, endpoint).text == "");
    const Endpoint market = MarketEndpointOf(endpoint);
    BOOST_TEST(market.host == endpoint.host);
    BOOST_TEST(market.port == endpoint.port);
    BOOST_TEST(market.tls == endpoint.tls);
    return market.target;
  };
  BOOST_TEST(target("wss://a") == "/ws/market-data");
  BOOST_TEST(target("ws://a:9/ws/mt5") == "/ws/market-data");
  BOOST_TEST(target("wss://a/tenant/ws/mt5?k=/ws/mt5") == "/tenant/ws/market-data?k=/ws/mt5");
  BOOST_TEST(target("wss://a/other?k=v") == "/ws/market-data");
  BOOST_TEST(target("wss://a/ws/mt5/") == "/ws/market-data");
  Endpoint endpoint;
  BOOST_TEST(ParseEndpoint("wss://a", endpoint, kMarketTarget).text == "");
  BOOST_TEST(endpoint.target == "/ws/market-data");
}

BOOST_AUTO_TEST_CASE(what_is_no_endpoint_is_told_why) {
  const std::string_view bad[] = {
      "",          "gateway",          "http://a",         "wss://",         "wss:///path",
      "wss://a:0", "wss://a:65536",    "wss://a:80x",      "wss://a:",       "wss://u:p@a",
      "wss://a b", "wss://a/b c",      "wss://a/b#c",      "wss://[::1",     "wss://[zz]",
      "wss://a?q", "wss://a\r\nX: y/", "wss://a/\r\nX: y", "wss://\xc3\xa4/"};
  for (const std::string_view url : bad) {
    Endpoint endpoint;
    const Error error = ParseEndpoint(url, endpoint);
    BOOST_TEST((error.code == Code::kBadConfig), url);
    BOOST_TEST(error.text.find("wss://host") != std::string::npos, url);
  }
  Endpoint endpoint;
  BOOST_TEST(
      (ParseEndpoint("wss://" + std::string(100000, 'a'), endpoint).code == Code::kBadConfig));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
