// Somebody between a Modbus meter and its poller: what no meter can show never becomes a reading,
// and what could be shown is somebody else's to judge.

#include <array>
#include <bit>
#include <doctest/doctest.h>
#include <limits>

#include "hil/modbus/meter_poller.hpp"
#include "hil/modbus/register_value.hpp"
#include "ledger/oracle/reading.hpp"
#include "tests/hil/support.hpp"

using namespace hil;
using ledger::Instant;
using ledger::milliseconds;
using ledger::minutes;

namespace {

const DeviceMap& reference() {
  static const DeviceMap map = test::device("aipchain_reference");
  return map;
}

// The block of a reading as it travels, to be changed on the way.
class Block {
 public:
  Block() : words_(static_cast<std::size_t>(reference().sample->registers)) {
    RegisterImage image(reference());
    MeterReading shown = *test::formula_meter(1, minutes(1))->next();
    show(shown, 50, image);
    REQUIRE(image.read(3, reference().sample->address, words_));
    CHECK(*reading_in(reference(), words_) == shown);
  }
  std::span<std::uint16_t> at(const std::string& name) {
    const MappedValue& value = *reference().find(name);
    return std::span(words_).subspan(
        static_cast<std::size_t>(value.address - reference().sample->address),
        static_cast<std::size_t>(registers_of(value)));
  }
  void put(const std::string& name, std::uint64_t bits) {
    put_bits(*reference().find(name), bits, at(name));
  }
  tl::expected<MeterReading, std::string> read() const { return reading_in(reference(), words_); }

 private:
  std::vector<std::uint16_t> words_;
};

// The gateway's canonical form of it, in which registers have 40 bits.
std::optional<ledger::ReadingBytes> canonical(const MeterReading& r) {
  return ledger::encode(ledger::Reading{r.sequence, r.time.whole_ms(), r.import_register,
                                        r.export_register, r.power_w,
                                        static_cast<std::uint8_t>(r.voltage_v)});
}

// Serves a meter and changes each block of readings that it gives away.
class ManInTheMiddle : public RegisterDevice {
 public:
  explicit ManInTheMiddle(std::function<void(std::span<std::uint16_t>)> change)
      : meter_(reference(), test::formula_meter(0, minutes(60)), 1000, [this] { return real_; }),
        change_(std::move(change)),
        server_(std::move(*ModbusMeterServer::listen({"127.0.0.1", 0}, 1, *this))),
        thread_([this] { serve(); }) {}
  ~ManInTheMiddle() {
    stop_ = true;
    thread_.join();
  }
  const Address& address() const { return server_->address(); }

  bool read(int function, std::uint16_t address, std::span<std::uint16_t> out) override {
    const bool there = meter_.read(function, address, out);
    const bool block = out.size() == static_cast<std::size_t>(reference().sample->registers);
    if (there && block && tampers) change_(out);
    return there;
  }
  ModbusException write(std::uint16_t address, std::span<const std::uint16_t> words) override {
    return meter_.write(address, words);
  }
  std::atomic<bool> tampers = false;

 private:
  void serve() {
    const auto began = std::chrono::steady_clock::now();
    while (!stop_) {
      const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - began;
      real_ = Instant{passed.count()};
      while (meter_.until_next() && meter_.until_next()->ns <= 0) meter_.advance();
      server_->serve(milliseconds(2));
    }
  }

  Instant real_;
  ServedMeter meter_;
  std::function<void(std::span<std::uint16_t>)> change_;
  std::unique_ptr<ModbusMeterServer> server_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("tampered registers: NaN and infinities are refused by name, a minus zero is zero") {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Block block;
    block.put("power_l1", bits_showing(*reference().find("power_l1"), bad));
    const auto read = block.read();
    REQUIRE(!read);
    CHECK(read.error().find("power_l1") != std::string::npos);
  }
  Block block;
  const auto before = block.read();
  const MappedValue& power = *reference().find("power_l2");
  block.put("power_l2", bits_showing(power, -0.0));
  const auto after = block.read();
  REQUIRE(after);
  CHECK(*canonical(*after) == *canonical(*before));  // whose fields are integers
}

TEST_CASE("tampered registers: energy below zero is none, for both registers") {
  for (const char* name : {"import", "export"})
    for (const std::int64_t energy : {std::int64_t{-1}, std::int64_t{INT64_MIN}}) {
      Block block;
      block.put(name, std::bit_cast<std::uint64_t>(energy));
      const auto read = block.read();
      REQUIRE(!read);
      CHECK(read.error().find(std::string(name) + ": ") == 0);
    }
}

TEST_CASE("tampered registers: swapped words are a number that no reading holds") {
  for (const char* name : {"import", "export", "time"}) {
    CAPTURE(name);
    Block block;
    std::reverse(block.at(name).begin(), block.at(name).end());
    const auto read = block.read();
    CHECK((!read || !canonical(*read)));
  }
}

TEST_CASE(
    "tampered registers: 2^32 Wh is beyond the 40 bits of mWh, which a home never counts to") {
  for (const auto& [wh, fits] : {std::pair{std::uint64_t{1'099'511'627}, true},
                                 {std::uint64_t{1'099'511'628}, false},
                                 {std::uint64_t{1} << 32, false}}) {
    Block block;
    block.put("import", 1000 * wh);
    const auto read = block.read();
    REQUIRE(read);
    CHECK(canonical(*read).has_value() == fits);
  }
}

TEST_CASE("a man in the middle of Modbus: the poller refuses, names the value, and reads on") {
  const MappedValue& import = *reference().find("import");
  ManInTheMiddle middle([&](std::span<std::uint16_t> block) {
    put_bits(
        import, ~std::uint64_t{0},
        block.subspan(static_cast<std::size_t>(import.address - reference().sample->address), 4));
  });
  PollerOptions options;
  options.map = reference();
  options.address = middle.address();
  options.speed = 1000;
  options.timeout = milliseconds(500);
  auto poller = MeterPoller::start(options, {});
  REQUIRE_MESSAGE(poller.has_value(), (poller ? "" : poller.error()));
  REQUIRE((*poller)->wait_for(2, test::after(5000)));
  middle.tampers = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK((*poller)->counts().errors > 0);
  CHECK((*poller)->counts().last_error.find("import") != std::string::npos);
  const std::uint64_t taken = (*poller)->counts().readings;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK((*poller)->counts().readings <= taken + 1);  // one may have been under way
  middle.tampers = false;
  CHECK((*poller)->wait_for(100, test::after(5000)));
}
