#include "transport/name_lookup.h"

#if defined(_WIN32)
#include <winsock2.h>
// After winsock2.h.
#include <ws2tcpip.h>
#else
#include <netdb.h>
#include <sys/socket.h>
#endif

#include <array>
#include <utility>

#include "platform/detached_thread.h"
#include "transport/winsock.h"

namespace tpb::transport {
namespace {

// gai_strerror speaks the user's language in an unknown encoding on Windows; this is ASCII.
std::string Problem(int error) {
  switch (error) {
    case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
      return "no such name is known";
    case EAI_AGAIN:
      return "no name server answered";
    default:
      return "the name service failed with error " + std::to_string(error);
  }
}

Addresses Resolve(const std::string& host) {
  // getaddrinfo may outlast the WebSocket that asked, and with it that one's hold on Winsock.
  [[maybe_unused]] const Winsock winsock;
  Addresses result;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    result.problem = Problem(error);
    return result;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, static_cast<socklen_t>(entry->ai_addrlen), text.data(),
                    static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST) == 0) {
      result.numeric.emplace_back(text.data());
    }
  }
  if (result.numeric.empty()) result.problem = "it has no address";
  return result;
}

}  // namespace

std::shared_ptr<NameLookup> NameLookup::Start(const std::string& host, Done done) {
  auto lookup = std::make_shared<NameLookup>();
  lookup->done_ = std::move(done);
  RunDetached([lookup, host] {
    Addresses addresses = Resolve(host);
    const std::lock_guard lock(lookup->mutex_);
    if (lookup->done_) lookup->done_(std::move(addresses));
    lookup->done_ = nullptr;
  });
  return lookup;
}

void NameLookup::Forget() {
  const std::lock_guard lock(mutex_);
  done_ = nullptr;
}

}  // namespace tpb::transport
