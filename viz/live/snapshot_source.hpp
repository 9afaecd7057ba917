#pragma once
// Where the window's pictures come from: a stored run, a running world, or whatever a host gives.

#include <string>
#include <tl/expected.hpp>

#include "twin/snapshot.hpp"
#include "twin/store/run_format.hpp"

namespace viz {

struct Extent {
  ledger::Instant first, last;  // pictures that exist now
  ledger::Instant end;          // later ones are made on demand up to here; `last` where none are
};

class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;

  virtual const twin::RunDescription& description() const = 0;
  virtual Extent extent() const = 0;

  // The last picture at or before `time`, or the first of all. A running simulation is advanced
  // towards a later time, but for no longer than a frame may take: it gives what it has reached.
  virtual tl::expected<twin::Snapshot, std::string> at(ledger::Instant time) = 0;
};

}  // namespace viz
