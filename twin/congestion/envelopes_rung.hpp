#pragma once
// Dynamic operating envelopes: what each home may import and export in this minute, so that no
// element is beyond its limit, whatever homes do inside. Where all is well there is none.
//
// Equal shares by bisection on the sensitivities: each home behind an element that is over may
// draw (or feed in) at most the same number of W, the highest at which the element is kept; homes
// that draw less are not touched. Which way it is limited is what relieves the element.

#include "twin/congestion/rung.hpp"

namespace twin {

class EnvelopesRung final : public Rung {
 public:
  using Rung::Rung;
  void act(const Situation& now, LadderPlan& plan) const override;
};

}  // namespace twin
