#pragma once
// One node's records on the disk: what it is started from after a restart of the machine. A SQLite
// database (WAL, synchronous=FULL, locked for one process), each record a transaction of its own:
//
//   newest    kind        the newest record that replaces those before (a signing record)
//   block     height      block records (twin/node/base/records.hpp)
//   evidence  in order    what was found against validators and gateways
//
// Each row holds the SHA-256 of its record. A block whose record does not fit it counts as not
// there, so that the node asks others for it; a signing record that does not is an error. Of a
// transaction that a power cut interrupted nothing is left.

#include <memory>
#include <string>

#include "ledger/base/result.hpp"
#include "twin/node/base/records.hpp"
#include "twin/store/sqlite.hpp"

namespace twin {

inline constexpr std::int64_t node_application_id = 0x4149504e;  // PRAGMA application_id, "AIPN"

class NodeStore final : public Records {
 public:
  // Opens what is there, or begins anew. The error names the file.
  static ledger::Result<std::unique_ptr<NodeStore>> open(const std::string& path);

  // When it returns without an error, the record is on the disk. After one that failed nothing is
  // kept any more. Kinds that no restart needs are left to others.
  ledger::Result<void> keep(const Persist& persist);

  // Rewrites the file, so that no free page and no log holds a record that was replaced.
  ledger::Result<void> purge();

  std::optional<Bytes> newest(RecordKind kind) const override;
  std::optional<Bytes> block(std::uint64_t height) const override;

 private:
  explicit NodeStore(Database database) : database_(std::move(database)) {}
  Stored<void> prepare(const std::string& path);
  ledger::Result<void> check_newest(const std::string& path) const;
  Stored<void> write(const Persist& persist);

  Database database_;
  Statement put_newest_, put_block_, put_evidence_;
  mutable Statement get_newest_, get_block_;
  std::string failure_;  // the first one
};

}  // namespace twin
