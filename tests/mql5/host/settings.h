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
  std::atomic<int> custom_error{0};  // CustomTicksAdd fails with it; 0 = it does not
};

Settings& settings();

}  // namespace host
