#pragma once
// Broken invariants end the process, in release builds too: a ledger that goes on after one
// would sign what it does not understand.

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace ledger {

inline void invariant(bool holds, const char* what,
                      std::source_location at = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: broken invariant: %s\n", at.file_name(),
               static_cast<unsigned>(at.line()), what);
  std::abort();
}

}  // namespace ledger
