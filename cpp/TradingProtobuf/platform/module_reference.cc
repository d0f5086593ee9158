#include "platform/module_reference.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace tpb {
namespace {

// An address inside this library.
void Here() {}

}  // namespace

#if defined(_WIN32)

ModuleReference::ModuleReference() {
  HMODULE module = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<LPCWSTR>(&Here),
                     &module);
  module_ = module;
}

ModuleReference::~ModuleReference() {
  if (module_ != nullptr) FreeLibrary(static_cast<HMODULE>(module_));
}

#else

ModuleReference::ModuleReference() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&Here), &info) != 0) {
    // Null where the code is the program itself, which cannot be unloaded.
    module_ = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  }
}

ModuleReference::~ModuleReference() {
  if (module_ != nullptr) dlclose(module_);
}

#endif

}  // namespace tpb
