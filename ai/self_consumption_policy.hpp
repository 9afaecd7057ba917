#pragma once
// The battery rule that most homes have: charge on surplus, discharge on deficit.

namespace ai {

// The set-point that brings the home's exchange with the grid to zero, charging positive, W.
// `net_w`: the home without its battery, import positive. The battery's own limits come after it.
inline double self_consumption_set_point(double net_w) { return -net_w; }

}  // namespace ai
