#include "transport/printable.h"

#include <boost/test/unit_test.hpp>
#include <string>

using tpb::transport::Printable;

BOOST_AUTO_TEST_SUITE(printable)

BOOST_AUTO_TEST_CASE(good_text_passes) {
  BOOST_TEST(Printable("gr\xc3\xbc\xc3\x9f dich, \xe2\x82\xac \xf0\x9f\x98\x80", 100) ==
             "gr\xc3\xbc\xc3\x9f dich, \xe2\x82\xac \xf0\x9f\x98\x80");
}

BOOST_AUTO_TEST_CASE(controls_and_broken_characters_become_single_spaces) {
  BOOST_TEST(Printable("a\r\n\tb\x1b[0m\x7f", 100) == "a b [0m");
  BOOST_TEST(Printable(std::string("a\0b", 3), 100) == "a b");
  BOOST_TEST(Printable("a\xff\xfe"
                       "b\xc3",
                       100) == "a b");
  BOOST_TEST(Printable("a\xc0\xaf"
                       "b",
                       100) == "a b");                        // overlong
  BOOST_TEST(Printable("a\xed\xa0\x80z", 100) == "a z");      // a surrogate
  BOOST_TEST(Printable("a\xf4\x90\x80\x80z", 100) == "a z");  // beyond Unicode
  BOOST_TEST(Printable("a\xc2\x85z", 100) == "a z");          // a C1 control
  BOOST_TEST(Printable("  x  ", 100) == "x");
}

BOOST_AUTO_TEST_CASE(the_limit_cuts_between_characters) {
  BOOST_TEST(Printable("abcdef", 3) == "abc");
  BOOST_TEST(Printable("ab\xe2\x82\xac", 4) == "ab");
  BOOST_TEST(Printable("ab\xe2\x82\xac", 5) == "ab\xe2\x82\xac");
  BOOST_TEST(Printable("abc", 0) == "");
}

BOOST_AUTO_TEST_SUITE_END()
