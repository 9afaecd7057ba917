#include "ledger/base/workers.hpp"

namespace ledger {

Workers calling_thread() {
  return {1, [](std::size_t tasks, const std::function<void(std::size_t)>& f) {
            for (std::size_t t = 0; t < tasks; ++t) f(t);
          }};
}

}  // namespace ledger
