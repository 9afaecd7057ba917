#pragma once
// How far a run is, on stderr: a bar where that is a terminal, a plain line every few seconds
// otherwise, nothing with --quiet. NO_COLOR is respected (https://no-color.org).

#include <chrono>
#include <string>

namespace app {

class Progress {
 public:
  // `total_s`: simulated seconds of the whole run.
  Progress(std::string what, double total_s, bool quiet);
  ~Progress();  // ends the bar's line

  void update(double simulated_s);
  double elapsed_s() const;

 private:
  void draw(double simulated_s, double elapsed) const;

  std::string what_;
  double total_s_;
  bool quiet_, terminal_, colour_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begin_, next_;
};

}  // namespace app
