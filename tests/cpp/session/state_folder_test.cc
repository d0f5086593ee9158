#include "session/state_folder.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <set>

#ifdef _WIN32
#include <windows.h>
#endif

namespace tpb {
namespace {

// "" takes it away.
void SetVariable(const std::string& name, const std::string& value) {
#ifdef _WIN32
  SetEnvironmentVariableA(name.c_str(), value.empty() ? nullptr : value.c_str());
#else
  if (value.empty()) {
    unsetenv(name.c_str());
  } else {
    setenv(name.c_str(), value.c_str(), 1);
  }
#endif
}

// Sets a variable for as long as it lives.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* const before = std::getenv(name_.c_str())) before_ = before;
    SetVariable(name_, value);
  }
  ~Variable() { SetVariable(name_, before_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  std::string name_;
  std::string before_;
};

Options Of(const std::string& url, const std::string& user = "ann",
           const std::string& tenant = "acme") {
  Options options;
  BOOST_TEST(!ParseEndpoint(url, options.endpoint));
  options.user_id = user;
  options.tenant_id = tenant;
  return options;
}

std::string FolderOf(const Options& options, int number = 1) {
  std::string folder;
  BOOST_TEST(AutomaticJournalFolder(options, number, folder).text == "");
  std::ranges::replace(folder, '\\', '/');
  return folder;
}

BOOST_AUTO_TEST_SUITE(state_folder)

BOOST_AUTO_TEST_CASE(readable_and_the_same_for_ever) {
  const Variable own("TPB_STATE_DIR", "/state");
  const Options options = Of("wss://Gateway.example:8000/ws");
  BOOST_TEST(FolderOf(options) == "/state/journal/gateway.example-bc40200f6741cfb6");
  BOOST_TEST(FolderOf(options, 2) == FolderOf(options) + "-2");
  BOOST_TEST(FolderOf(options, 16) == FolderOf(options) + "-16");
  BOOST_TEST(FolderOf(Of("wss://[::1]:9")).starts_with("/state/journal/--1-"));
}

BOOST_AUTO_TEST_CASE(the_market_cache_stands_beside_the_journal) {
  const Variable own("TPB_STATE_DIR", "/state");
  const Options options = Of("wss://Gateway.example:8000/ws");
  std::string file;
  BOOST_TEST(!AutomaticMarketCache(options, 1, file));
  std::ranges::replace(file, '\\', '/');
  BOOST_TEST(file == "/state/market/gateway.example-bc40200f6741cfb6.cache");
  BOOST_TEST(!AutomaticMarketCache(options, 2, file));
  BOOST_TEST(file.ends_with("-2.cache"));
}

BOOST_AUTO_TEST_CASE(one_for_each_endpoint_user_and_tenant) {
  const Variable own("TPB_STATE_DIR", "/state");
  const std::set<std::string> folders = {FolderOf(Of("wss://a")),
                                         FolderOf(Of("wss://a:444")),
                                         FolderOf(Of("ws://a:443")),
                                         FolderOf(Of("wss://a/other")),
                                         FolderOf(Of("wss://b")),
                                         FolderOf(Of("wss://a", "bob")),
                                         FolderOf(Of("wss://a", "ann", "other")),
                                         FolderOf(Of("wss://a", "anna", "cme"))};
  BOOST_TEST(folders.size() == 8u);
  // The same address, written in another way.
  BOOST_TEST(FolderOf(Of("wss://a")) == FolderOf(Of("wss://A:443/ws/mt5")));
}

BOOST_AUTO_TEST_CASE(the_systems_place) {
  const Variable own("TPB_STATE_DIR", "");
#ifdef _WIN32
  const Variable local("LOCALAPPDATA", "C:\\Users\\ann\\Local");
  BOOST_TEST(FolderOf(Of("wss://a")).starts_with("C:/Users/ann/Local/tpb/journal/a-"));
  const Variable none("LOCALAPPDATA", "");
#else
  const Variable home("HOME", "/home/ann");
  {
    const Variable state("XDG_STATE_HOME", "/var/ann");
    BOOST_TEST(FolderOf(Of("wss://a")).starts_with("/var/ann/tpb/journal/a-"));
  }
  const Variable state("XDG_STATE_HOME", "relative");
  BOOST_TEST(FolderOf(Of("wss://a")).starts_with("/home/ann/.local/state/tpb/journal/a-"));
  const Variable none("HOME", "");
#endif
  std::string folder;
  const Error error = AutomaticJournalFolder(Of("wss://a"), 1, folder);
  BOOST_TEST((error.code == Code::kBadConfig));
  BOOST_TEST(error.text.find("TPB_STATE_DIR") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
