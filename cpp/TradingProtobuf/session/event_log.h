#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"

namespace tpb {

// Appends events to a file, each as one line of JSON: time (ISO 8601, UTC), time_ms, number, kind,
// severity, code, endpoint, endpoint_url, value, text, session_id, tenant_id. The file is opened
// for each, so that it can be moved away at any time, and several sessions can share it; at 16 MiB
// it becomes PATH.1. For one thread at a time.
class EventLog {
 public:
  static constexpr std::uintmax_t kMaxBytes = std::uintmax_t{16} << 20;

  // An empty path: nothing is written. endpoint_urls by index; nothing in them is secret.
  EventLog(const std::string& path, std::string tenant_id, std::vector<std::string> endpoint_urls);

  // Never throws: what cannot be written is counted.
  void Append(const EventInfo& event, std::string_view session_id) noexcept;

  std::int64_t failures() const { return failures_; }

 private:
  void Write(const std::string& line);
  std::string ToLine(const EventInfo& event, std::string_view session_id) const;

  std::filesystem::path path_;
  std::string tenant_id_;
  std::vector<std::string> endpoint_urls_;
  std::int64_t failures_ = 0;
};

}  // namespace tpb
