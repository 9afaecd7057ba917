#pragma once
// Work that may be done at the same time. The host brings the threads; results never depend on
// them.

#include <cstddef>
#include <functional>

namespace ledger {

// Runs f(0) to f(tasks - 1), each once, perhaps at the same time, and returns when all are done.
struct Workers {
  std::size_t threads = 1;
  std::function<void(std::size_t tasks, const std::function<void(std::size_t)>& f)> run;
};

// All on the calling thread.
Workers calling_thread();

}  // namespace ledger
