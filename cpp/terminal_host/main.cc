// terminal_host.exe DLL pump | SCENARIO

#include <fcntl.h>
#include <io.h>

#include <cstdio>
#include <exception>
#include <string>

#include "library.h"
#include "output.h"
#include "pump.h"
#include "scenarios.h"

int wmain(int count, wchar_t** arguments) {
  _setmode(_fileno(stdin), _O_BINARY);
  _setmode(_fileno(stdout), _O_BINARY);
  if (count != 3) {
    std::fputs("usage: terminal_host.exe DLL pump|SCENARIO\n", stderr);
    return 2;
  }
  try {
    const std::wstring what = arguments[2];
    if (what != L"pump") return terminal::PlayScenario(arguments[1], what);
    const terminal::Library library(arguments[1]);
    return terminal::Pump(library);
  } catch (const std::exception& exception) {
    return terminal::PrintError(TPB_E_INTERNAL, exception.what());
  }
}
