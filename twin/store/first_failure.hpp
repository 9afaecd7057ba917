#pragma once
// The first of many writes that failed: those behind it fail for the same reason.

#include <string>

#include "ledger/base/result.hpp"
#include "twin/store/run_format.hpp"

namespace twin {

class FirstFailure {
 public:
  template <class T>
  void keep(const Stored<T>& stored) {
    if (!stored && why_.empty()) why_ = stored.error().message;
  }
  void keep(const ledger::Result<void>& result) {
    if (!result && why_.empty()) why_ = result.error();
  }
  // Empty where there is none.
  const std::string& why() const { return why_; }

 private:
  std::string why_;
};

}  // namespace twin
