#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tpb {

// What a session must remember across restarts, beside its batches: who it is, and how far which
// gateway is known to be. Written in place, without a system call; the journal maps it to its file
// `state` (FORMAT.md), the memory outbox keeps it on the heap. Used from the session's thread, the
// session id excepted, which is set before the session is shared.
class Ledger {
 public:
  // What one endpoint has told.
  struct Peer {
    std::uint64_t key = 0;  // of its URL; 0 = free
    std::int64_t epoch = 0;
    std::int64_t acknowledged = 0;  // newest batch that it acknowledged
  };
  // Batches from one to another.
  struct Span {
    std::int64_t first = 0;  // 0 = free
    std::int64_t last = 0;
  };
  static constexpr std::size_t kPeers = 2;
  static constexpr std::size_t kSpans = 16;
  static constexpr std::size_t kIdBytes = 32;

  virtual ~Ledger() = default;

  virtual std::string session_id() const = 0;  // 32 hex digits; "" = not set yet
  // The session this one continues after a fork; "" = none.
  virtual std::string continues() const = 0;
  // A new life of the stream: `handed` and what the peers told begin anew, as far as `handed`.
  virtual void SetSession(std::string_view id, std::string_view continues) = 0;

  // Newest batch that may have been given to a gateway: set before it is.
  virtual std::int64_t handed() const = 0;
  virtual void SetHanded(std::int64_t sequence) = 0;

  virtual std::int64_t acknowledged() const = 0;  // newest batch released
  virtual Peer peer(std::uint64_t key) const = 0;
  // Takes the place of the peer with that key, or of the one not used for longest.
  virtual void SetPeer(const Peer& peer) = 0;

  // Batches that no gateway will get, ascending: each is to know, whenever it is visited. Of more
  // than kSpans the oldest are forgotten.
  virtual std::vector<Span> given_up() const = 0;
  // Releases them as well. They begin behind those given up before, or where those end.
  virtual void GiveUp(Span span) = 0;
};

}  // namespace tpb
