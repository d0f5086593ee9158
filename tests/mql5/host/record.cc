#include "host/record.h"

#include <cmath>
#include <cstdio>
#include <mutex>

#include "host/expert.h"

namespace host {
namespace {

std::string quoted(const std::string& utf8) {
  std::string text = "\"";
  for (const char each : utf8) {
    if (each == '"' || each == '\\') {
      text += '\\';
      text += each;
    } else if (static_cast<unsigned char>(each) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", each);
      text += escape;
    } else {
      text += each;
    }
  }
  return text + '"';
}

std::mutex writing;

}  // namespace

Record::Record(const char* kind) : line_("{\"kind\":" + quoted(kind)) {
  if (const Expert* expert = Expert::current()) {
    with("expert", expert->id()).with("handler", expert->handler());
  }
}

Record::~Record() {
  const std::lock_guard lock(writing);
  std::fprintf(stdout, "%s}\n", line_.c_str());
  std::fflush(stdout);
}

Record& Record::with(const char* key, const std::string& utf8) {
  line_ += "," + quoted(key) + ":" + quoted(utf8);
  return *this;
}

Record& Record::with(const char* key, std::int64_t number) {
  line_ += "," + quoted(key) + ":" + std::to_string(number);
  return *this;
}

Record& Record::with(const char* key, double number) {
  char digits[32];
  std::snprintf(digits, sizeof(digits), "%.17g", number);
  line_ += "," + quoted(key) + ":" + (std::isfinite(number) ? digits : "null");
  return *this;
}

void fault(const std::string& text) { Record("fault").with("text", text); }

}  // namespace host
