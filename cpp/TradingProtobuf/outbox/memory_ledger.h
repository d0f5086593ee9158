#pragma once

#include <mutex>

#include "outbox/ledger.h"

namespace tpb {

// A ledger on the heap. May be used from any thread.
class MemoryLedger : public Ledger {
 public:
  std::string session_id() const override;
  std::string continues() const override;
  void SetSession(std::string_view id, std::string_view continues) override;
  std::int64_t handed() const override;
  void SetHanded(std::int64_t sequence) override;
  std::int64_t acknowledged() const override;
  void SetAcknowledged(std::int64_t sequence);  // never set back
  Peer peer(std::uint64_t key) const override;
  void SetPeer(const Peer& peer) override;
  std::vector<Span> given_up() const override;
  void GiveUp(Span span) override;

 protected:
  struct Values {
    std::array<char, kIdBytes> session_id{};  // zeros: none
    std::array<char, kIdBytes> continues{};
    std::int64_t handed = 0;
    std::int64_t acknowledged = 0;
    std::array<Peer, kPeers> peers{};  // the one used last first
    std::array<Span, kSpans> given_up{};
  };

  static std::array<char, kIdBytes> Id(std::string_view text);

  // Takes values in place of its own.
  void Take(const Values& values);
  Values values() const;

 private:
  // The values are others now. Called under the lock.
  virtual void Changed(const Values&) {}

  mutable std::mutex mutex_;
  Values values_;
};

}  // namespace tpb
