#include "host/library.h"

#include <windows.h>

#include <map>
#include <mutex>
#include <string>

#include "host/record.h"
#include "host/settings.h"

namespace host {
namespace {

// One instance a process, however many programs use it.
HMODULE loaded(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, HMODULE> libraries;
  const std::lock_guard lock(mutex);
  HMODULE& library = libraries[name];
  if (library == nullptr) {
    const auto path = settings().data_folder / "MQL5" / "Libraries" / name;
    library = LoadLibraryW(path.c_str());
    if (library == nullptr) {
      Record("journal").with("text",
                             "Cannot load '" + name + "' [" + std::to_string(GetLastError()) + "]");
    }
  }
  return library;
}

}  // namespace

bool bind_imports(const mql5::Program& program) {
  if (program.imports.empty()) return true;
  if (!settings().allows_dlls) {
    Record("journal").with("text", "DLL loading is not allowed");
    return false;
  }
  for (const mql5::ImportedFunction& function : program.imports) {
    HMODULE library = loaded(function.library);
    if (library == nullptr) return false;
    *function.address = reinterpret_cast<void*>(GetProcAddress(library, function.name.c_str()));
    if (*function.address == nullptr) {
      Record("journal").with("text",
                             "Cannot find '" + function.name + "' in '" + function.library + "'");
      return false;
    }
  }
  return true;
}

}  // namespace host
