#include "market/receipt/receipt_checks.hpp"

namespace market {

void wrong(std::string why) { throw Wrong{std::move(why)}; }

void want(bool holds, const std::string& otherwise) {
  if (!holds) wrong(otherwise);
}

void ReceiptChecks::holds(std::string detail, std::optional<std::uint64_t> erased_by) {
  done_.push_back({name_, true, std::move(detail), erased_by});
}

std::vector<ReceiptCheck> list_checks(const std::function<void(ReceiptChecks&)>& carry_out) {
  ReceiptChecks checks;
  try {
    carry_out(checks);
  } catch (const Wrong& w) {
    checks.done_.push_back({checks.name_, false, w.why, {}});
  }
  return std::move(checks.done_);
}

}  // namespace market
