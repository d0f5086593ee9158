#include "abi/handle_table.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>
#include <vector>

namespace tpb {
namespace {

// A session whose gateway is not there: port 1 of the loopback.
std::unique_ptr<Session> MakeSession() {
  Options options;
  BOOST_TEST(
      ParseOptions("endpoint=ws://127.0.0.1:1;token=t;user_id=u;tenant_id=t", options).text == "");
  Error error;
  return Session::Open(std::move(options), error);
}

BOOST_AUTO_TEST_SUITE(handle_table)

BOOST_AUTO_TEST_CASE(handles_are_found_until_removed_and_never_again) {
  std::set<TpbHandle> seen;
  for (int i = 0; i < 70; ++i) {
    const TpbHandle handle = Handles().Insert(MakeSession());
    BOOST_TEST(handle > 0);
    BOOST_TEST(seen.insert(handle).second);
    BOOST_TEST(!!Handles().Find(handle));
    BOOST_TEST(!Handles().Find(handle + 64));
    BOOST_TEST(Handles().Remove(handle) != nullptr);
    BOOST_TEST(!Handles().Find(handle));
    BOOST_TEST(Handles().Remove(handle) == nullptr);
  }
}

BOOST_AUTO_TEST_CASE(no_number_is_found_by_chance) {
  for (const TpbHandle handle :
       {TpbHandle{0}, TpbHandle{1}, TpbHandle{-1}, TpbHandle{64}, TpbHandle{4096},
        std::numeric_limits<TpbHandle>::max(), std::numeric_limits<TpbHandle>::min()}) {
    BOOST_TEST(!Handles().Find(handle));
    BOOST_TEST(Handles().Remove(handle) == nullptr);
  }
}

BOOST_AUTO_TEST_CASE(the_table_has_an_end) {
  std::vector<TpbHandle> handles;
  for (int i = 0; i < 64; ++i) handles.push_back(Handles().Insert(MakeSession()));
  BOOST_TEST(Handles().Insert(MakeSession()) == 0);
  for (const TpbHandle handle : handles) BOOST_TEST(Handles().Remove(handle) != nullptr);
}

// Users and the one who closes, at the same time: nobody sees a session that is gone. (Sanitizers
// look on.)
BOOST_AUTO_TEST_CASE(use_and_removal_at_the_same_time) {
  for (int round = 0; round < 20; ++round) {
    const TpbHandle handle = Handles().Insert(MakeSession());
    std::atomic<int> started = 0;
    std::vector<std::thread> users;
    for (int i = 0; i < 3; ++i) {
      users.emplace_back([&] {
        ++started;
        while (const SessionUse session = Handles().Find(handle)) session->GetStatus();
      });
    }
    while (started < 3) std::this_thread::yield();
    const std::unique_ptr<Session> session = Handles().Remove(handle);
    BOOST_TEST(session != nullptr);
    for (std::thread& user : users) user.join();
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
