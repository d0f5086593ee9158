#include "abi/text.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace tpb {
namespace {

const TpbChar* Units(const std::u16string& text) {
  return reinterpret_cast<const TpbChar*>(text.c_str());
}

std::string Read(const std::u16string& text) { return std::string(TextIn(Units(text)).view()); }

struct Written {
  std::u16string text;
  std::int32_t needed;
};

Written Write(std::string_view text, std::int32_t capacity) {
  std::vector<TpbChar> buffer(static_cast<std::size_t>(capacity) + 1, 0xabcd);
  const std::int32_t needed = WriteText(text, buffer.data(), capacity);
  BOOST_TEST(buffer.back() == 0xabcd);  // nothing past the capacity
  std::u16string written;
  if (capacity > 0) written = reinterpret_cast<const char16_t*>(buffer.data());
  return {written, needed};
}

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(null_reads_as_empty) {
  const TextIn text(nullptr);
  BOOST_TEST(text.valid());
  BOOST_TEST(text.view() == "");
}

BOOST_AUTO_TEST_CASE(every_width_is_converted_both_ways) {
  const std::u16string utf16 = u"A\u00e9\u20ac\U0001f600z";
  const std::string utf8 = "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  BOOST_TEST(Read(utf16) == utf8);
  const Written back = Write(utf8, 10);
  BOOST_CHECK(back.text == utf16);
  BOOST_TEST(back.needed == 7);
}

BOOST_AUTO_TEST_CASE(short_and_long_text_are_read_alike) {
  for (const std::size_t size : {0u, 1u, 341u, 342u, 5000u, 65536u}) {
    const std::u16string utf16(size, u'\u20ac');
    const TextIn text(Units(utf16));
    BOOST_TEST(text.valid());
    BOOST_TEST(text.view().size() == 3 * size);
  }
  BOOST_TEST(!TextIn(Units(std::u16string(65537, u'a'))).valid());
}

BOOST_AUTO_TEST_CASE(lone_surrogates_are_not_valid) {
  const std::u16string bad[] = {u"\xd800", u"a\xdc00", u"\xd800z", u"\xd800\xd800",
                                u"\xdc00\xd800"};
  for (const std::u16string& text : bad) BOOST_TEST(!TextIn(Units(text)).valid());
}

BOOST_AUTO_TEST_CASE(output_is_cut_to_fit_at_a_character) {
  BOOST_CHECK(Write("abc", 4).text == u"abc");
  BOOST_CHECK(Write("abc", 3).text == u"ab");
  BOOST_CHECK(Write("abc", 1).text == u"");
  BOOST_TEST(Write("abc", 0).needed == 4);
  BOOST_TEST(Write("", 1).needed == 1);
  BOOST_CHECK(Write("a\xf0\x9f\x98\x80z", 3).text == u"a");  // half a pair is none
  BOOST_TEST(WriteText("abc", nullptr, 0) == 4);
}

BOOST_AUTO_TEST_CASE(broken_utf8_becomes_replacement_characters) {
  const std::string bad[] = {"\x80",
                             "\xc3",
                             "\xc0\xaf",
                             "\xed\xa0\x80",
                             "\xf4\x90\x80\x80",
                             "\xff",
                             "\xe2\x82",
                             "\xf8\x88\x80\x80\x80"};
  for (const std::string& text : bad) {
    const Written written = Write("a" + text + "b", 20);
    BOOST_TEST(written.text.size() == text.size() + 2);
    BOOST_CHECK(written.text[1] == u'\ufffd');
    BOOST_CHECK(written.text.back() == u'b');
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tpb
