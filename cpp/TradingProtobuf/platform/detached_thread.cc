#include "platform/detached_thread.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>

#include <thread>
#endif

#include <memory>
#include <system_error>
#include <utility>

namespace tpb {
namespace {

void RunGuarded(const std::function<void()>& work) {
  try {
    work();
  } catch (...) {  // NOLINT(bugprone-empty-catch): who waits for the result has a deadline
  }
}

}  // namespace

#if defined(_WIN32)

namespace {

struct Job {
  std::function<void()> work;
  HMODULE module = nullptr;
};

// Not std::thread: its own code runs after `work`, and the last instruction in this library has to
// be the one that gives the library back.
DWORD WINAPI Enter(void* argument) {
  HMODULE module = nullptr;
  {
    const std::unique_ptr<Job> job(static_cast<Job*>(argument));
    module = job->module;
    RunGuarded(job->work);
  }
  FreeLibraryAndExitThread(module, 0);
}

}  // namespace

void RunDetached(std::function<void()> work) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<LPCWSTR>(&Enter),
                     &job->module);
  const HANDLE thread = CreateThread(nullptr, 0, &Enter, job.get(), 0, nullptr);
  if (thread == nullptr) {
    const auto error = static_cast<int>(GetLastError());
    FreeLibrary(job->module);
    throw std::system_error(error, std::system_category(), "CreateThread");
  }
  static_cast<void>(job.release());  // the thread's now
  CloseHandle(thread);
}

#else

void RunDetached(std::function<void()> work) {
  // A thread cannot give its own library back with dlclose: it would return into nothing. So the
  // library stays for good, which costs nothing but address space.
  static const bool pinned = [] {
    Dl_info info;
    return dladdr(reinterpret_cast<void*>(&RunDetached), &info) != 0 &&
           dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
  }();
  static_cast<void>(pinned);  // false in a program, which is never unloaded
  std::thread([work = std::move(work)] { RunGuarded(work); }).detach();
}

#endif

}  // namespace tpb
