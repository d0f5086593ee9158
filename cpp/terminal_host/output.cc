#include "output.h"

#include <boost/json/src.hpp>
#include <cstdio>
#include <mutex>

namespace terminal {

void Print(const boost::json::object& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  const std::string text = boost::json::serialize(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int PrintError(int code, const std::string& text) {
  Print({{"event", "error"}, {"code", code}, {"text", text}});
  return 1;
}

}  // namespace terminal
