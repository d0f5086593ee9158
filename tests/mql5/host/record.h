// What the host tells of a run: one JSON object a line on the standard output.
#pragma once

#include <cstdint>
#include <string>

#include "prelude/text.h"

namespace host {

// Record("print").with("text", text) is written when the expression ends. From any thread.
class Record {
 public:
  explicit Record(const char* kind);
  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;
  ~Record();

  Record& with(const char* key, const std::string& utf8);
  Record& with(const char* key, const char* utf8) { return with(key, std::string(utf8)); }
  Record& with(const char* key, const mql5::string& text) { return with(key, utf8_of(text)); }
  Record& with(const char* key, std::int64_t number);
  // null where it is no number.
  Record& with(const char* key, double number);
  Record& with(const char* key, int number) { return with(key, std::int64_t{number}); }

 private:
  std::string line_;
};

// Something that no program may do. `text` says what.
void fault(const std::string& text);

}  // namespace host
