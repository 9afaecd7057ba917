#pragma once
// How the checks of a receipt go: one after the other, up to the first thing that is wrong. That is
// thrown as Wrong by whatever finds it and caught where the checks are listed; it never leaves
// market/receipt/.

#include <functional>

#include "market/receipt/receipt.hpp"

namespace market {

struct Wrong {
  std::string why;
};

[[noreturn]] void wrong(std::string why);
void want(bool holds, const std::string& otherwise);

// What a reader gives, or its error behind the name of what was read.
template <class T>
T take(Result<T> result, const std::string& name) {
  if (!result) wrong(name + ": " + result.error());
  return std::move(*result);
}

class ReceiptChecks {
 public:
  void begin(const char* name) { name_ = name; }
  // The check that was begun.
  void holds(std::string detail, std::optional<std::uint64_t> erased_by = {});

 private:
  friend std::vector<ReceiptCheck> list_checks(const std::function<void(ReceiptChecks&)>&);

  const char* name_ = "";
  std::vector<ReceiptCheck> done_;
};

// `carry_out` begins each check before anything of it can be wrong.
std::vector<ReceiptCheck> list_checks(const std::function<void(ReceiptChecks&)>& carry_out);

}  // namespace market
