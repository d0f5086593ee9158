// What the terminal is set to. Written before programs start.
#pragma once

#include <atomic>
#include <filesystem>

namespace host {

struct Settings {
  std::filesystem::path data_folder;  // holds MQL5/Libraries and MQL5/Files
  std::atomic<bool> is_tester{false};
  std::atomic<bool> allows_dlls{true};
  std::atomic<bool> is_connected{true};
};

Settings& settings();

}  // namespace host
