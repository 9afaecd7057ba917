#pragma once
// Erasures against what is left of openings (R11): destroyed keys open nothing.
//
// Each erasure on the log is signed by the registrar. Every leaf that stands for an erased opening
// names one of them; one record erases one meter, so its leaves are of one meter and at most one
// stands for it in a batch, in a slot's marks and in its statements, and a home whose account is
// not erased has all its records. Orders, one an entry, are not told apart: their rows stay. No
// account whose erasure is on the log has a key left that it destroyed, and nothing that is said to
// be erased is there.

#include "market/audit/openings.hpp"

namespace market {

struct ErasuresChecked {
  std::vector<std::uint64_t> records;  // erasures on the log
  std::uint64_t leaves = 0;            // erased openings, restricted and personal
};

Result<ErasuresChecked> check_erasures(const PublicLog& log, const Openings& openings,
                                       Verifier& verifier);

// "erased by record 17" or "erased by records 17, 21"; of the leaves given.
std::string erased_by(const std::set<std::uint64_t>& records);
std::set<std::uint64_t> restricted_records(const ErasedOpenings& erased);
std::set<std::uint64_t> personal_records(const ErasedOpenings& erased);

}  // namespace market
