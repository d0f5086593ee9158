#include "transport/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace tpb::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the next word, up to a space, a comma or a hyphen.
std::string_view TakeWord(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" ,-"), text.size());
  const std::size_t end = std::min(text.find_first_of(" ,-", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// A number of at most `digits` digits; -1 = it is none.
int Number(std::string_view text, std::size_t digits) {
  int value = -1;
  if (text.empty() || text.size() > digits) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

// 1 to 12; 0 = no month.
unsigned Month(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(kMonths.begin(), kMonths.end(), name);
  return found == kMonths.end() ? 0 : static_cast<unsigned>(found - kMonths.begin()) + 1;
}

// "08:49:37" since midnight; -1 s = no time.
seconds TimeOfDay(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return seconds(-1);
  const int hour = Number(text.substr(0, 2), 2);
  const int minute = Number(text.substr(3, 2), 2);
  const int second = Number(text.substr(6, 2), 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return seconds(-1);
  }
  return std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(second);
}

// The three forms of RFC 9110, 5.6.7, all of which a recipient must read:
//   Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT; Sun Nov  6 08:49:37 1994
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text) {
  TakeWord(text);  // the weekday says nothing new
  std::array<std::string_view, 4> words;
  for (auto& word : words) word = TakeWord(text);

  const bool asctime = Month(words[0]) != 0;
  const int day = Number(words[asctime ? 1 : 0], 2);
  const unsigned month = Month(words[asctime ? 0 : 1]);
  const std::string_view year_text = words[asctime ? 3 : 2];
  int year = Number(year_text, 4);
  if (year >= 0 && year_text.size() == 2) year += year < 70 ? 2000 : 1900;
  const seconds time = TimeOfDay(words[asctime ? 2 : 3]);
  if (day < 1 || month == 0 || year < 1970 || time < seconds(0)) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + time;
}

}  // namespace

std::optional<milliseconds> ParseRetryAfter(std::string_view value, std::string_view date,
                                            std::chrono::system_clock::time_point now) {
  value = Trimmed(value);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    // More digits than an hour of seconds needs: the longest wait, whatever the number.
    const int wait =
        Number(value.substr(std::min(value.find_first_not_of('0'), value.size() - 1)), 5);
    return wait < 0 ? milliseconds(kLongestRetryAfter)
                    : std::min<milliseconds>(seconds(wait), kLongestRetryAfter);
  }
  const auto until = ParseHttpDate(value);
  if (!until) return std::nullopt;
  const auto from = ParseHttpDate(Trimmed(date))
                        .value_or(std::chrono::time_point_cast<std::chrono::seconds>(now));
  return std::clamp<milliseconds>(*until - from, milliseconds(0), kLongestRetryAfter);
}

}  // namespace tpb::transport
