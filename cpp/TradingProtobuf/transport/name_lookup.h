#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tpb::transport {

struct Addresses {
  std::vector<std::string> numeric;  // the system's preferred one first; empty = none found
  std::string problem;               // why there is none
};

// One look-up of a host's name. getaddrinfo can neither be cancelled nor be given a time limit (30
// s and more where a name server is silent), and Asio's resolver joins its thread when the
// io_context ends; so this one runs on a thread that nobody waits for.
class NameLookup {
 public:
  using Done = std::function<void(Addresses)>;

  // Calls `done` once, on the look-up's thread, unless Forget() comes first. `done` must be quick.
  // Throws std::system_error where no thread can be had.
  static std::shared_ptr<NameLookup> Start(const std::string& host, Done done);

  // After this returns, `done` neither runs nor will.
  void Forget();

 private:
  std::mutex mutex_;
  Done done_;
};

}  // namespace tpb::transport
