#include "session/market_inbox.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace tpb {
namespace {

KeptMessage Message(std::int64_t number) {
  KeptMessage message;
  message.data.number = number;
  message.connection = 1;
  return message;
}

std::vector<std::int64_t> Take(MarketInbox& inbox, std::size_t most) {
  std::vector<std::int64_t> numbers;
  const std::size_t taken =
      inbox.Take(most, [&](const KeptMessage& kept) { numbers.push_back(kept.data.number); });
  BOOST_TEST(taken == numbers.size());
  return numbers;
}

std::vector<std::int64_t> NumbersOf(const MarketHistory& history) {
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < history.size(); ++i) numbers.push_back(history.At(i).data.number);
  return numbers;
}

using Numbers = std::vector<std::int64_t>;
const auto kEach = boost::test_tools::per_element();

}  // namespace

BOOST_AUTO_TEST_SUITE(market_inbox)

BOOST_AUTO_TEST_CASE(oldest_first_and_once) {
  MarketInbox inbox(3);
  BOOST_TEST(Take(inbox, 5) == Numbers{}, kEach);
  inbox.Push(Message(1));
  inbox.Push(Message(2));
  BOOST_TEST(Take(inbox, 1) == Numbers{1}, kEach);
  inbox.Push(Message(3));
  inbox.Push(Message(4));
  BOOST_TEST(inbox.size() == 3);
  BOOST_TEST(inbox.overflowed() == 0);
  BOOST_TEST(Take(inbox, 0) == Numbers{}, kEach);
  BOOST_TEST(Take(inbox, 9) == (Numbers{2, 3, 4}), kEach);
}

BOOST_AUTO_TEST_CASE(the_oldest_is_pushed_out_and_counted) {
  MarketInbox inbox(3);
  for (int i = 1; i <= 8; ++i) inbox.Push(Message(i));
  BOOST_TEST(inbox.overflowed() == 5);
  BOOST_TEST(Take(inbox, 2) == (Numbers{6, 7}), kEach);
  inbox.Push(Message(9));
  inbox.Push(Message(10));
  BOOST_TEST(inbox.overflowed() == 5);
  BOOST_TEST(Take(inbox, 9) == (Numbers{8, 9, 10}), kEach);
}

BOOST_AUTO_TEST_CASE(a_history_keeps_the_newest) {
  MarketHistory history(3);
  for (int i = 1; i <= 2; ++i) history.Push(Message(i));
  BOOST_TEST(NumbersOf(history) == (Numbers{1, 2}), kEach);
  for (int i = 3; i <= 8; ++i) history.Push(Message(i));
  BOOST_TEST(NumbersOf(history) == (Numbers{6, 7, 8}), kEach);
  BOOST_TEST(history.newest().data.number == 8);
  history.Interrupt();
  BOOST_TEST(history.newest().connection == 0);
  BOOST_TEST(history.At(0).connection == 0);
}

BOOST_AUTO_TEST_CASE(a_history_of_one_is_the_newest) {
  MarketHistory history(1);
  for (int i = 1; i <= 3; ++i) history.Push(Message(i));
  BOOST_TEST(NumbersOf(history) == Numbers{3}, kEach);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tpb
