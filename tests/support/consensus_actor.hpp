#pragma once
// One running copy of a node: its clock, its disk and what a crash leaves of it. Twins are two
// actors with one key.

#include <optional>
#include <set>

#include "tests/support/consensus_wire.hpp"

namespace consensus_sim {

// Runs off by an offset and a drift, and never backwards.
struct Clock {
  ledger::Duration offset{};
  std::int64_t drift_ppm = 0;
  ledger::Instant at(ledger::Instant truth) const;
  // The first true time at which it shows `shown` or more.
  ledger::Instant when(ledger::Instant shown) const;
};

enum class Crash : std::uint8_t { clean, unsynced, torn, corrupt, lost };

// Signing records are synced as they are written, blocks with the next record or the fifth block.
struct Disk {
  ledger::Bytes record, record_before;
  bool record_is_last_write = false;
  std::vector<ledger::Decision> blocks;  // of heights 1, 2, ...
  std::size_t synced_blocks = 0;

  void write_record(ledger::Bytes bytes);
  void write_block(ledger::Decision decision);
  // clean: all writes reached it. unsynced: what was not synced is gone. torn: so is the end of the
  // last write, a record's too where the disk is bad. corrupt: a bit of the record has changed.
  // lost: another disk.
  void crash(Crash kind, bool bad, ledger::Rng& rng);
};

struct Actor {
  ActorId id = 0;
  std::optional<std::uint32_t> validator;
  Fault fault = Fault::none;
  int twin = 0;  // 1 and 2
  bool bad_disk = false;
  Clock clock;
  std::unique_ptr<ModelSigner> signer;
  std::unique_ptr<ledger::Driver> driver;  // null while it is down
  std::uint32_t life = 0;
  ledger::Instant wake_at = ledger::never;  // true time of the wake-up that is on its way
  Application application;
  Disk disk;

  bool correct() const { return fault == Fault::none; }
  // Which of the others a faulty one favours, and until when.
  std::uint64_t favoured = 0, favoured_height = 0;
  std::vector<PacketPtr> said;
  std::set<std::tuple<std::uint64_t, std::uint32_t, int>> voted;  // an amnesiac's steps
};

}  // namespace consensus_sim
