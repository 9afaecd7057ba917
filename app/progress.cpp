#include "app/progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto bar_period = std::chrono::milliseconds(100);
constexpr auto line_period = std::chrono::seconds(3);
constexpr int bar_width = 28;

std::string clock_text(double seconds) {
  const long s = std::lround(std::max(0.0, seconds));
  char out[32];
  if (s >= 3600)
    std::snprintf(out, sizeof out, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  else
    std::snprintf(out, sizeof out, "%ld:%02ld", s / 60, s % 60);
  return out;
}

}  // namespace

Progress::Progress(std::string what, double total_s, bool quiet)
    : what_(std::move(what)),
      total_s_(total_s),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      colour_(terminal_ && std::getenv("NO_COLOR") == nullptr),
      begin_(Clock::now()),
      next_(begin_ + (terminal_ ? Clock::duration(bar_period) : Clock::duration(line_period))) {}

Progress::~Progress() {
  if (drawn_ && terminal_) std::fputc('\n', stderr);
}

double Progress::elapsed_s() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count();
}

void Progress::update(double simulated_s) {
  const bool last = simulated_s >= total_s_;
  if (quiet_ || (Clock::now() < next_ && !(last && drawn_))) return;
  next_ = Clock::now() + (terminal_ ? Clock::duration(bar_period) : Clock::duration(line_period));
  draw(simulated_s, elapsed_s());
  drawn_ = true;
}

void Progress::draw(double simulated_s, double elapsed) const {
  const double share = total_s_ > 0 ? std::min(1.0, simulated_s / total_s_) : 1;
  const double rate = elapsed > 0 ? simulated_s / elapsed : 0;
  const double left = rate > 0 ? (total_s_ - simulated_s) / rate : 0;
  if (!terminal_) {
    std::fprintf(stderr, "%s: %3.0f %%, %s simulated in %s, %.0f times real time, %s left\n",
                 what_.c_str(), 100 * share, clock_text(simulated_s).c_str(),
                 clock_text(elapsed).c_str(), rate, clock_text(left).c_str());
    return;
  }
  const int filled = static_cast<int>(share * bar_width);
  std::string bar;
  for (int i = 0; i < bar_width; ++i) bar += i < filled ? "\u2588" : "\u2591";
  std::fprintf(stderr, "\r%s %s%s%s %3.0f %%  %s  %.0fx  %s left \x1b[K", what_.c_str(),
               colour_ ? "\x1b[32m" : "", bar.c_str(), colour_ ? "\x1b[0m" : "", 100 * share,
               clock_text(elapsed).c_str(), rate, clock_text(left).c_str());
  std::fflush(stderr);
}

}  // namespace app
