#pragma once
// Dynamic operating envelopes (envelopes.hpp): what homes may import, or export, in this minute, so
// that the feeder holds its limits wherever they stand inside. Where all is well there are none.
//
//   who       homes behind an element that is over, which load it: whoever imports asks for an
//             import, whoever feeds in for an export, as much as it would without limits. What it
//             cannot help is firm; all other homes stand where they are
//   base      the feeder model's power flow of these; by as much as the measured state is beyond
//             it, with what restores homes' own exchange, elements lose room
//   step      an import between what a home draws without its car and what its car charges at least
//             with is of no use to it. Where not all cars find their least, homes take turns: least
//             slack until departure first, by quarters of an hour; then who has waited longest by
//             the operator's own count; then the lower home. Slack is a home's own word
// A limited home's reason is the element, of those over, that is furthest beyond and that it loads.

#include <memory>

#include "twin/congestion/envelopes.hpp"
#include "twin/congestion/rung.hpp"

namespace twin {

class EnvelopesRung final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation& now, LadderPlan& plan) const override;

 private:
  struct Asking {
    std::uint32_t home = 0;
    double net_w = 0;  // with the plan so far
    FlexibleHome what;
    std::size_t reason = 0;  // of those over
  };
  std::vector<Asking> who_asks(const Situation& now, const LadderPlan& plan,
                               const std::vector<const Constraint*>& beyond) const;
  ledger::Result<SlotEnvelopes> allocate(const Situation& now, const LadderPlan& plan,
                                         const std::vector<Asking>& asking) const;

  // Of the feeder, from the first climb on; it starts warm.
  mutable std::unique_ptr<EnvelopeModel> model_;
};

}  // namespace twin
