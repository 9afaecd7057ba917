#include <doctest/doctest.h>
#include <optional>

#include "hil/modbus/meter_poller.hpp"
#include "hil/modbus/register_value.hpp"
#include "tests/hil/support.hpp"

using namespace hil;
using ledger::Instant;
using ledger::milliseconds;
using ledger::minutes;
using ledger::seconds;
using test::RunningMeter;

namespace {

PollerOptions options_for(const Address& address, double speed) {
  PollerOptions out;
  out.map = test::device("aipchain_reference");
  out.address = address;
  out.speed = speed;
  out.timeout = milliseconds(500);
  return out;
}

std::unique_ptr<MeterPoller> started(const Address& address, double speed, Instant at = {}) {
  auto poller = MeterPoller::start(options_for(address, speed), at);
  REQUIRE_MESSAGE(poller.has_value(), (poller ? "" : poller.error()));
  return std::move(*poller);
}

// What the reference meter's clock register shows, since its epoch.
ledger::Duration clock_of(const Address& address) {
  const MappedValue clock = *test::device("aipchain_reference").find("clock");
  const auto words = ModbusMeterReader(address, 1, seconds(1)).read(3, clock.address, 4);
  REQUIRE(words);
  return milliseconds(static_cast<std::int64_t>(bits_of(clock, *words)));
}

}  // namespace

TEST_CASE("a served world's meter is read to its end without a gap, as the world says") {
  const ledger::Duration length = minutes(15);
  RunningMeter meter(test::device("aipchain_reference"), test::formula_meter(1, length), 2500);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // its clock runs before the host's
  const auto poller = started(meter.address(), 2500);
  const auto expected = test::formula_meter(1, length);
  for (std::uint32_t k = 1; k <= 180; ++k) {  // 2 ms each
    const auto reading = poller->wait_for(k, test::after(5000));
    REQUIRE(reading);
    REQUIRE(*reading == *expected->next());
  }
  CHECK(!expected->next());
  CHECK(!poller->wait_for(181, test::after(20)));
  const PollerCounts counts = poller->counts();
  CHECK(counts.readings == 180);
  CHECK(counts.gaps == 0);
  CHECK(counts.errors == 0);
  CHECK(counts.late == 0);
  CHECK(!counts.answers);
  CHECK(counts.polls >= 3);
  CHECK(counts.jitter_p99_ms >= counts.jitter_p50_ms);
  MESSAGE("jitter p50 " << counts.jitter_p50_ms << " ms, p99 " << counts.jitter_p99_ms << " ms, "
                        << counts.polls << " polls for 180 readings");
}

TEST_CASE("a host that starts later takes the meter along from there") {
  RunningMeter meter(test::device("aipchain_reference"), test::formula_meter(0, minutes(60)), 500);
  const auto poller = started(meter.address(), 500, Instant{} + seconds(600));
  const auto reading = poller->wait_for(121, test::after(5000));
  REQUIRE(reading);
  CHECK(reading->time == Instant{} + seconds(605));
  CHECK(poller->counts().gaps == 0);
}

TEST_CASE("what the host does not take in time is given once, in order, or counted late") {
  RunningMeter meter(test::device("aipchain_reference"), test::formula_meter(0, minutes(60)), 100);
  const auto poller = started(meter.address(), 100);  // 50 ms each
  CHECK(!poller->wait_for(1, test::after(1)));        // not yet
  CHECK(!poller->counts().answers);
  REQUIRE(poller->wait_for(2, test::after(5000)));
  CHECK(poller->counts().late == 1);  // the first came after all
  CHECK(poller->counts().answers);
  CHECK(!poller->wait_for(1, test::after(1)));      // and is not given any more
  REQUIRE(poller->wait_for(4, test::after(5000)));  // the third was never wanted
  CHECK(poller->counts().late == 1);
}

TEST_CASE(
    "a poller that was held up takes from the history what it missed, and knows what is lost") {
  const DeviceMap map = test::device("aipchain_reference");
  Instant real;
  ServedMeter meter(map, test::formula_meter(0, minutes(60)), 1, [&real] { return real; });
  const auto server = std::move(*ModbusMeterServer::listen({"127.0.0.1", 0}, 1, meter));
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> real_s = 0;  // the meter's own time: the test jumps it
  std::thread serving([&] {
    while (!stop) {
      real = Instant{} + seconds(real_s);
      while (meter.until_next() && meter.until_next()->ns <= 0) meter.advance();
      server->serve(milliseconds(5));
    }
  });
  const auto poller = started(server->address(), 250);
  real_s = 5 * 40;  // forty readings at once
  for (std::uint32_t k = 1; k <= 40; ++k) CHECK(poller->wait_for(k, test::after(5000)));
  CHECK(poller->counts().gaps == 0);
  real_s = 5 * 140;  // a hundred: 36 of them beyond the history of 64
  CHECK(poller->wait_for(140, test::after(5000)));
  CHECK(poller->counts().gaps == 36);
  CHECK(poller->counts().readings == 104);
  CHECK(!poller->wait_for(100, test::after(1)));
  stop = true;
  serving.join();
}

TEST_CASE("a meter that is gone is waited for no longer than asked, and taken up again") {
  const DeviceMap map = test::device("aipchain_reference");
  std::optional<RunningMeter> meter(std::in_place, map, test::formula_meter(0, minutes(600)),
                                    100.0);
  const Address address = meter->address();
  const auto poller = started(address, 100);
  const auto began_at = std::chrono::steady_clock::now();
  const auto third = poller->wait_for(3, test::after(5000));
  REQUIRE(third);
  meter.reset();
  const auto began = std::chrono::steady_clock::now();
  CHECK(!poller->wait_for(7, test::after(300)));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::milliseconds(600));
  CHECK(poller->counts().errors > 0);
  CHECK(poller->counts().last_error.find("connect") != std::string::npos);
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  // Restarted at its epoch; the poller sets its clock, and it catches up with the host.
  meter.emplace(map, test::formula_meter(0, minutes(600)), 100.0, address.port);
  const auto later = poller->wait_for(60, test::after(8000));
  REQUIRE(later);
  CHECK(later->time == Instant{} + seconds(300));
  // Without that its clock would be a second, which is 100 simulated seconds, behind.
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_at;
  CHECK(clock_of(address).seconds() > 100 * passed.count() - 50);
  const auto next = poller->wait_for(61, test::after(5000));
  REQUIRE(next);
  CHECK(next->import_register.value - later->import_register.value == 61);
  CHECK(poller->counts().answers);
}

TEST_CASE("a poller refuses what it cannot work with, in words") {
  RunningMeter meter(test::device("aipchain_reference"), test::formula_meter(0, minutes(60)), 1000,
                     0, 5);
  const auto error_of = [](const PollerOptions& options) {
    const auto poller = MeterPoller::start(options, {});
    return poller ? std::string() : poller.error();
  };
  PollerOptions options = options_for(meter.address(), 1000);
  options.unit = 5;
  CHECK(error_of(options) == "");
  options.unit = 6;
  CHECK(error_of(options).find("unit 6") != std::string::npos);
  options.unit = 5;
  options.map = test::device("eastron_sdm630");
  CHECK(error_of(options).find("no [sample]") != std::string::npos);
  options.map = test::device("aipchain_reference");
  options.map.values.pop_back();
  CHECK(error_of(options).find("no writable 'clock'") != std::string::npos);
  options.map = test::device("aipchain_reference");
  options.interval = seconds(7);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(error_of(options).find("but the interval is 7s") != std::string::npos);
  options.address.port = 1;
  CHECK(error_of(options).find("cannot connect") != std::string::npos);
}
