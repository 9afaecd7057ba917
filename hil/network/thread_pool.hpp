#pragma once
// Threads that wait for work: what a host gives to whoever takes Workers.

#include <memory>

#include "ledger/base/workers.hpp"

namespace hil {

class ThreadPool {
 public:
  // `threads` in all, with the one that asks; at least 1.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();

  // Good for as long as the pool. One thread asks at a time.
  ledger::Workers workers();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hil
