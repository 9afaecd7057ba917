#include "viz/live/playback.hpp"

#include <algorithm>
#include <cmath>

namespace viz {

Playback::Playback(ledger::Instant start, double speed) : time_(start), speed_(slowest) {
  set_speed(speed);
}

void Playback::set_speed(double speed) {
  speed_ = std::isfinite(speed) ? std::clamp(speed, slowest, fastest) : slowest;
}

void Playback::advance(double real_s, const Extent& extent) {
  if (!playing_) return;
  // A window that was hidden for long does not leap.
  const double step_s = std::clamp(real_s, 0.0, 0.25) * speed_;
  seek(time_ + ledger::nanoseconds(std::llround(step_s * 1e9)), extent);
  if (time_ >= extent.end) playing_ = false;
}

void Playback::hold_to(ledger::Instant reached, const Extent& extent) {
  if (reached < extent.last || extent.last == extent.end) return;
  time_ = std::min(time_, reached + ledger::minutes(1));
}

void Playback::step(int minutes, const Extent& extent) {
  playing_ = false;
  seek(time_ + ledger::minutes(minutes), extent);
}

void Playback::seek(ledger::Instant time, const Extent& extent) {
  time_ = std::clamp(time, extent.first, std::max(extent.first, extent.end));
}

}  // namespace viz
