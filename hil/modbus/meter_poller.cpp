#include "hil/modbus/meter_poller.hpp"

#include <algorithm>
#include <cmath>

#include "hil/modbus/register_value.hpp"
#include "ledger/base/invariant.hpp"

namespace hil {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t max_queued = 1024;  // readings nobody asked for: the oldest go first
constexpr auto after_error = 100ms;       // a lost meter is asked again at this pace
constexpr auto between_clock_settings = 1s;

std::chrono::nanoseconds real(ledger::Duration simulated, double speed) {
  constexpr double longest = 4e18;  // a century: adding it to the time of day stays in range
  const double ns = static_cast<double>(simulated.ns) / speed;
  return std::chrono::nanoseconds(std::llround(std::clamp(ns, -longest, longest)));
}

}  // namespace

MeterPoller::MeterPoller(const PollerOptions& options, ledger::Instant at)
    : options_(options), reader_(options.address, options.unit, options.timeout), started_at_(at) {
  ledger::invariant(options.speed > 0 && options.interval.ns > 0, "a poller's rhythm");
}

MeterPoller::~MeterPoller() = default;

std::string MeterPoller::lack_of(const DeviceMap& map) {
  if (std::string lack = hil::lack_of(map); !lack.empty()) return lack;
  const MappedValue* clock = map.find("clock");
  if (clock && clock->writable) return {};
  return "the map '" + map.name + "' has no writable 'clock'";
}

tl::expected<std::unique_ptr<MeterPoller>, std::string> MeterPoller::start(
    const PollerOptions& options, ledger::Instant at) {
  if (const std::string lack = lack_of(options.map); !lack.empty()) return tl::unexpected(lack);
  std::unique_ptr<MeterPoller> out(new MeterPoller(options, at));
  if (const auto first = out->fetch(options.map.sample->address); !first)
    return tl::unexpected(first.error());
  if (const auto set = out->set_clock(at); !set) return tl::unexpected(set.error());
  out->started_real_ = out->clock_set_real_ = steady_clock::now();
  // What ended by `at` belongs to the time before the host.
  out->last_ = static_cast<std::uint32_t>(at.since_epoch() / options.interval);
  out->newest_ = out->last_;
  out->thread_ =
      std::jthread([poller = out.get()](const std::stop_token& stop) { poller->run(stop); });
  return out;
}

std::optional<MeterReading> MeterPoller::wait_for(std::uint32_t sequence, RealTime deadline) {
  std::unique_lock lock(mutex_);
  arrived_.wait_until(lock, deadline, [&] { return newest_ >= sequence; });
  while (!queue_.empty() && queue_.front().sequence < sequence) {
    if (queue_.front().sequence <= given_up_) ++counts_.late;
    queue_.pop_front();
  }
  counts_.answers = !queue_.empty() && queue_.front().sequence == sequence;
  if (!counts_.answers) {
    given_up_ = sequence;
    return std::nullopt;
  }
  const MeterReading out = queue_.front();
  queue_.pop_front();
  return out;
}

PollerCounts MeterPoller::counts() const {
  const std::scoped_lock lock(mutex_);
  PollerCounts out = counts_;
  out.jitter_p50_ms = jitter_.percentile(0.50);
  out.jitter_p99_ms = jitter_.percentile(0.99);
  return out;
}

// The thread ------------------------------------------------------------------------------------

void MeterPoller::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    poll();
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, next_poll(), [] { return false; });
  }
}

void MeterPoller::poll() {
  const auto found = fetch(options_.map.sample->address);
  const RealTime arrival = steady_clock::now();
  {
    const std::scoped_lock lock(mutex_);
    ++counts_.polls;
    counts_.last_error = found ? "" : found.error();
    if (!found) ++counts_.errors;
  }
  if (!found || found->sequence == last_) return;
  if (found->sequence < last_) return restarted();
  std::vector<MeterReading> readings = missed_before(*found);
  readings.push_back(*found);
  last_ = found->sequence;
  hand_over(std::move(readings), arrival);
}

tl::expected<MeterReading, std::string> MeterPoller::fetch(std::uint16_t address) {
  const auto block = reader_.read(3, address, options_.map.sample->registers);
  if (!block) return tl::unexpected(block.error().message);
  const auto reading = reading_in(options_.map, *block);
  if (reading && reading->time != nominal_end(reading->sequence))
    return tl::unexpected("the meter gives " + std::to_string(reading->time.whole_ms()) +
                          " ms for reading " + std::to_string(reading->sequence) +
                          ", but the interval is " + ledger::to_text(options_.interval));
  return reading;
}

// The simulated time at which an interval ends; `never` for one that no clock reaches.
ledger::Instant MeterPoller::nominal_end(std::uint32_t sequence) const {
  constexpr std::int64_t most_ns = 1'000'000'000'000'000'000;
  if (sequence > most_ns / options_.interval.ns) return ledger::never;
  return ledger::Instant{} + options_.interval * sequence;
}

tl::expected<void, std::string> MeterPoller::set_clock(ledger::Instant to) {
  const MappedValue& clock = *options_.map.find("clock");
  std::vector<std::uint16_t> registers(static_cast<std::size_t>(registers_of(clock)));
  put_bits(clock, bits_showing(clock, static_cast<double>(to.whole_ms())), registers);
  const auto written = reader_.write(clock.address, registers);
  if (!written) return tl::unexpected(written.error().message);
  return {};
}

// The readings between the last one taken and the newest, as far as the history still has them.
// The slot of the newest is the newest's own, so at most count - 1 others are there.
std::vector<MeterReading> MeterPoller::missed_before(const MeterReading& newest) {
  const SampleBlock& block = *options_.map.sample;
  const auto kept = static_cast<std::uint32_t>(block.history_count - 1);
  std::uint32_t first = last_ + 1;
  if (newest.sequence - first > kept) first = newest.sequence - kept;
  std::vector<MeterReading> out;
  for (std::uint32_t sequence = first; sequence < newest.sequence; ++sequence) {
    const auto found = fetch(block.slot(sequence));
    if (!found) break;  // a connection that failed is not tried for each of them
    if (found->sequence == sequence) out.push_back(*found);
  }
  return out;
}

void MeterPoller::hand_over(std::vector<MeterReading> readings, RealTime arrival) {
  const std::scoped_lock lock(mutex_);
  counts_.readings += readings.size();
  counts_.gaps += readings.back().sequence - newest_ - readings.size();
  newest_ = readings.back().sequence;
  for (MeterReading& each : readings) {
    const std::chrono::duration<double, std::milli> off = arrival - nominal(each.sequence);
    jitter_.add(off.count());
    queue_.push_back(std::move(each));
    if (queue_.size() > max_queued) queue_.pop_front();
  }
  arrived_.notify_all();
}

// The meter counts from the start again: it gets the host's time and catches up.
void MeterPoller::restarted() {
  const RealTime now = steady_clock::now();
  if (now - clock_set_real_ < between_clock_settings) return;  // it is catching up
  clock_set_real_ = now;
  const auto set = set_clock(host_time(now));
  const std::scoped_lock lock(mutex_);
  ++counts_.errors;
  counts_.last_error = set ? "the meter was restarted; its clock is set again" : set.error();
}

MeterPoller::RealTime MeterPoller::nominal(std::uint32_t sequence) const {
  return started_real_ + real(nominal_end(sequence) - started_at_, options_.speed);
}

ledger::Instant MeterPoller::host_time(RealTime now) const {
  const double passed =
      static_cast<double>(std::chrono::nanoseconds(now - started_real_).count()) * options_.speed;
  return started_at_ + ledger::nanoseconds(std::llround(passed));
}

// When the next reading is due; while it is overdue, at a small part of the interval.
MeterPoller::RealTime MeterPoller::next_poll() const {
  const auto pace = std::clamp<std::chrono::nanoseconds>(
      real(options_.interval, options_.speed) / 50, 500us, 20ms);
  const RealTime soon =
      steady_clock::now() +
      (counts_.last_error.empty() ? pace : std::max<std::chrono::nanoseconds>(pace, after_error));
  return std::max(soon, nominal(last_ + 1));
}

}  // namespace hil
