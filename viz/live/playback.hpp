#pragma once
// The window's clock: which moment is shown, and how fast it moves. Knows no wall clock.

#include "viz/live/snapshot_source.hpp"

namespace viz {

class Playback {
 public:
  static constexpr double slowest = 1, fastest = 7200;  // simulated seconds a second

  Playback(ledger::Instant start, double speed);

  // Moves on by a real time if it is playing; stops at the source's end.
  void advance(double real_s, const Extent& extent);
  // A simulation that cannot follow holds the clock back to within a minute of what it reached.
  void hold_to(ledger::Instant reached, const Extent& extent);

  void toggle() { playing_ = !playing_; }
  void step(int minutes, const Extent& extent);  // pauses
  void seek(ledger::Instant time, const Extent& extent);
  void set_speed(double speed);

  ledger::Instant time() const { return time_; }
  bool playing() const { return playing_; }
  double speed() const { return speed_; }

 private:
  ledger::Instant time_;
  double speed_;
  bool playing_ = true;
};

}  // namespace viz
