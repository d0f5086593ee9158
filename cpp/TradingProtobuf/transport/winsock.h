#pragma once

#if defined(_WIN32)
#include <winsock2.h>
#endif

namespace tpb::transport {

// Holds Windows' sockets in use; nothing elsewhere. Counted by the system: any number may live.
class Winsock {
#if defined(_WIN32)
 public:
  Winsock() {
    WSADATA data;
    started_ = WSAStartup(MAKEWORD(2, 2), &data) == 0;  // else the first socket tells
  }
  ~Winsock() {
    if (started_) WSACleanup();
  }
  Winsock(const Winsock&) = delete;
  Winsock& operator=(const Winsock&) = delete;

 private:
  bool started_ = false;
#endif
};

}  // namespace tpb::transport
