#pragma once
// Never equivocate: what a validator signed last, and its lock. Statements rise in (height, round,
// step); the same bytes may be signed again, other bytes for a step that was signed or passed are
// refused. The record is durable before the signature leaves, and a restart begins from it.
//
// Signing record, all that a restarted validator needs, the latest replacing all before:
//   version u8 = 1, kind u8 = 9, chain id 32, validator u32, height u64, count u8, then for each
//   statement (of the last round signed in and the one before, ascending in round and step)
//   round u32, step u8 (0 propose, 1 prevote, 2 precommit), statement u16 length; then the lock:
//   prevote certificate u32 length (0: none), value u32 length; then SHA-256 of all before it.

#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/consensus/messages.hpp"

namespace ledger {

enum class SignStep : std::uint8_t { propose = 0, prevote = 1, precommit = 2 };

class SignGuard {
 public:
  struct Statement {
    std::uint32_t round;
    SignStep step;
    Bytes bytes;
  };
  struct Lock {               // of the current height
    Certificate certificate;  // of prevotes
    Bytes value;
  };
  enum class Verdict { fresh, again, refused };

  SignGuard(const Hash& chain_id, ValidatorId self) : chain_id_(chain_id), self_(self) {}
  static Decoded<SignGuard> restore(BytesView record, const Hash& chain_id, ValidatorId self,
                                    std::size_t max_value_bytes);

  // Whether a step may still be signed for the first time.
  bool is_open(std::uint64_t height, std::uint32_t round, SignStep step) const;
  // fresh: noted, to be made durable before its signature leaves. again: the same bytes as before.
  Verdict admit(std::uint64_t height, std::uint32_t round, SignStep step, BytesView statement);
  // Held until the height ends.
  void set_lock(std::uint64_t height, Lock lock);

  Bytes record() const;
  std::uint64_t height() const { return height_; }  // 0: nothing was signed
  const std::vector<Statement>& statements() const { return statements_; }
  const std::optional<Lock>& lock() const { return lock_; }

 private:
  void begin(std::uint64_t height);

  Hash chain_id_;
  ValidatorId self_;
  std::uint64_t height_ = 0;
  std::vector<Statement> statements_;
  std::optional<Lock> lock_;
};

}  // namespace ledger
