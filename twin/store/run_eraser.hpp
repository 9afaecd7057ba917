#pragma once
// Destroys what a run's directory holds of one subject, once the erasure is on the public log.
// Each step may be done again, the key's line is the last: whoever was interrupted begins anew.
//
// Personal data: openings/personal/<account>, records/<account>.ocmf and the personal key in
// openings/keys; in run.db the
// home's name and devices, its share of every snapshot (also the voltages of a bus and the loading
// of a line that serve it alone), its statements, postings, alerts and voltages; its account in
// summary.json; the recording, whole, since it cannot be read without its parts; the report, which
// is made anew; shares of its key.
// Billing data: openings/restricted/<account> and the line in openings/keys.
//
// Files are overwritten with zeros before they are removed. run.db is rewritten (VACUUM), so that
// no free page and no log holds what was there. What the medium keeps below its file system is out
// of any program's reach.

#include <optional>
#include <string>

#include "ledger/base/result.hpp"
#include "market/audit/openings.hpp"

namespace twin {

struct RunErasure {
  std::string directory;
  ledger::AccountId account;
  market::Stages stages = 0;          // to be destroyed, by this record
  std::uint64_t record = 0;           // its index on the log
  std::optional<std::uint32_t> home;  // whose account it is, where its registration is still there
  std::map<ledger::Hash, ledger::Hash> state;  // after its block
  std::uint64_t height = 0;                    // of its block
};

struct Destroyed {
  std::uint64_t personal = 0, restricted = 0;  // openings of which leaves are left
  std::vector<std::string> files;              // removed or rewritten, below the directory
};

// `openings`: as they are now, with those of the erasure's block.
ledger::Result<Destroyed> destroy(const RunErasure& erasure, const market::PublicLog& log,
                                  const market::Openings& openings);

// What the openings become: hashes in place of what is erased, rows of the books kept.
market::ErasedOpenings after_erasure(const RunErasure& erasure, const market::PublicLog& log,
                                     const market::Openings& openings);

// Zeros over a file's bytes; nothing where there is no file.
ledger::Result<void> overwrite(const std::string& path);
// A whole file or none: what was there stays until the new one is complete, and then under zeros.
ledger::Result<void> replace_file(const std::string& path, ledger::BytesView bytes);
// What the new one is called until it is.
inline constexpr const char* unfinished = ".new";

// One home out of run.db. The error names the file.
ledger::Result<void> erase_home(const std::string& database, const ledger::AccountId& account,
                                std::uint32_t home);

}  // namespace twin
