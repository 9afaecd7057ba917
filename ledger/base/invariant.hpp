#pragma once
// Broken invariants end the process, in release builds too: a ledger that goes on after one
// would sign what it does not understand.

#include <cstdio>
#include <cstdlib>

namespace ledger {

// `file` and `line` are the caller's; clang 14 has no std::source_location.
inline void invariant(bool holds, const char* what, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
  std::abort();
}

}  // namespace ledger
