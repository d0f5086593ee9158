#include "session/event_log.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <exception>
#include <fstream>
#include <system_error>
#include <utility>

#include "platform/text_path.h"

namespace tpb {
namespace {

// 2026-11-23T07:05:09.042Z
std::string Iso8601(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(unix_ms)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  const auto padded = [](auto number, std::size_t digits) {
    std::string text = std::to_string(number);
    return std::string(digits - std::min(digits, text.size()), '0') + text;
  };
  return padded(static_cast<int>(date.year()), 4) + "-" +
         padded(static_cast<unsigned>(date.month()), 2) + "-" +
         padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(clock.hours().count(), 2) +
         ":" + padded(clock.minutes().count(), 2) + ":" + padded(clock.seconds().count(), 2) + "." +
         padded(clock.subseconds().count(), 3) + "Z";
}

}  // namespace

EventLog::EventLog(const std::string& path, std::string tenant_id,
                   std::vector<std::string> endpoint_urls)
    : path_(ToPath(path)),
      tenant_id_(std::move(tenant_id)),
      endpoint_urls_(std::move(endpoint_urls)) {}

void EventLog::Append(const EventInfo& event, std::string_view session_id) noexcept {
  if (path_.empty()) return;
  try {
    Write(ToLine(event, session_id));
  } catch (const std::exception&) {
    ++failures_;
  }
}

void EventLog::Write(const std::string& line) {
  std::error_code none_yet;
  const std::uintmax_t bytes = std::filesystem::file_size(path_, none_yet);
  if (!none_yet && bytes + line.size() > kMaxBytes) {
    std::filesystem::path older = path_;
    older += ".1";
    std::filesystem::rename(path_, older);
  }
  std::ofstream file;
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.open(path_, std::ios::binary | std::ios::app);
  file.write(line.data(), static_cast<std::streamsize>(line.size()));
  file.close();
}

std::string EventLog::ToLine(const EventInfo& event, std::string_view session_id) const {
  const auto index = static_cast<std::size_t>(event.endpoint);
  boost::json::object object;
  object["time"] = Iso8601(event.time_ms);
  object["time_ms"] = event.time_ms;
  object["number"] = event.number;
  object["kind"] = Name(event.kind);
  object["severity"] = Name(event.severity);
  object["code"] = static_cast<std::int32_t>(event.code);
  object["endpoint"] = event.endpoint;
  object["endpoint_url"] = index < endpoint_urls_.size() ? endpoint_urls_[index] : std::string();
  object["value"] = event.value;
  object["text"] = event.text;
  object["session_id"] = session_id;
  object["tenant_id"] = tenant_id_;
  return boost::json::serialize(object) + "\n";
}

}  // namespace tpb
