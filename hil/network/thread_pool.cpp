#include "hil/network/thread_pool.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace hil {

// A round of work: everybody takes the next task until there is none.
struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable begin, end;
  std::uint64_t round = 0;
  bool stop = false;
  std::size_t busy = 0;
  std::size_t tasks = 0;
  const std::function<void(std::size_t)>* work = nullptr;
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;

  void take_tasks() {
    for (std::size_t t = next++; t < tasks; t = next++) (*work)(t);
  }

  void wait_for_rounds() {
    std::uint64_t seen = 0;
    for (;;) {
      std::unique_lock lock(mutex);
      begin.wait(lock, [&] { return stop || round != seen; });
      if (stop) return;
      seen = round;
      lock.unlock();
      take_tasks();
      lock.lock();
      if (--busy == 0) end.notify_one();
    }
  }

  void run(std::size_t count, const std::function<void(std::size_t)>& f) {
    {
      const std::scoped_lock lock(mutex);
      tasks = count;
      work = &f;
      next = 0;
      busy = threads.size();
      ++round;
    }
    begin.notify_all();
    take_tasks();
    std::unique_lock lock(mutex);
    end.wait(lock, [&] { return busy == 0; });
  }
};

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
  for (std::size_t t = 1; t < threads; ++t)
    state_->threads.emplace_back([state = state_.get()] { state->wait_for_rounds(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stop = true;
  }
  state_->begin.notify_all();
}

ledger::Workers ThreadPool::workers() {
  return {state_->threads.size() + 1,
          [state = state_.get()](std::size_t tasks, const std::function<void(std::size_t)>& f) {
            state->run(tasks, f);
          }};
}

}  // namespace hil
