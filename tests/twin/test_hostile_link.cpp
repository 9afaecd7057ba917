#include <doctest/doctest.h>

#include "ledger/base/codec.hpp"
#include "twin/node/attack/hostile_link.hpp"
#include "twin/node/base/messages.hpp"

using namespace twin;
using namespace ledger;
using Kind = Attack::Kind;

namespace {

const NodeId gateway{9};

// Says once a step what a home sends: a minute that begins with the meter and a number, an order,
// and a record for its disk.
class Teller final : public Node {
 public:
  explicit Teller(std::uint32_t meter) : meter_(meter) {}
  void step(Instant, const Inputs&, Outbox& outbox) override {
    ++number_;
    outbox.send(gateway, frame(MessageKind::minute, ByteWriter().u32(meter_).u32(number_).take()));
    outbox.send(gateway, frame(MessageKind::transaction, ByteWriter().u32(meter_).take()));
    outbox.persist(RecordKind::gateway, {1}, true);
  }
  Instant next_deadline() const override { return Instant{} + hours(1); }

 private:
  std::uint32_t meter_, number_ = 0;
};

Attacked attack(Kind kind) {
  Attacked a;
  a.attack.kind = kind;
  a.attack.at = seconds(20);
  a.attack.length = seconds(30);
  a.attack.delay = seconds(15);
  a.meter = {5};
  return a;
}

// The numbers of the minutes that arrive at 10, 20, ... 80 s, a letter for each step's others.
std::string arrivals(std::vector<Attacked> attacks, std::uint32_t meter = 5) {
  HostileLink link(std::make_unique<Teller>(meter), gateway, std::move(attacks), Rng(1));
  std::string out;
  for (int k = 1; k <= 8; ++k) {
    Outbox outbox;
    link.step(Instant{} + seconds(10 * k), {}, outbox);
    out += out.empty() ? "" : " ";
    std::size_t others = 0;
    for (const twin::Effect& e : outbox.effects()) {
      const auto* message = std::get_if<Send>(&e);
      if (message && message->bytes[0] == static_cast<std::uint8_t>(MessageKind::minute))
        out += static_cast<char>('0' + message->bytes[8]);
      else
        ++others;
    }
    CHECK(others == 2);
  }
  return out;
}

}  // namespace

TEST_CASE("a link that nobody holds, and minutes of homes that are not attacked") {
  CHECK(arrivals({}) == "1 2 3 4 5 6 7 8");
  for (const Kind kind :
       {Kind::message_replay, Kind::message_delay, Kind::message_reorder, Kind::message_drop})
    CHECK(arrivals({attack(kind)}, 6) == "1 2 3 4 5 6 7 8");
}

TEST_CASE("minutes sent again, late, behind the next, or not at all, behind the beginning") {
  CHECK(arrivals({attack(Kind::message_replay)}) == "1 2 31 42 53 6 7 8");
  CHECK(arrivals({attack(Kind::message_delay)}) == "1 2   3 46 57 8");
  CHECK(arrivals({attack(Kind::message_reorder)}) == "1 2  43  65 7 8");
  CHECK(arrivals({attack(Kind::message_drop)}) == "1 2    6 7 8");
}

TEST_CASE("a share of minutes is drawn, and attacks go together") {
  Attacked half = attack(Kind::message_drop);
  half.attack.at = {};
  half.attack.length = hours(1);
  half.attack.share = 0.5;
  const std::string once = arrivals({half});
  CHECK(once == arrivals({half}));
  CHECK(once != "1 2 3 4 5 6 7 8");
  CHECK(once.find_first_of("12345678") != std::string::npos);  // not all are lost
  CHECK(arrivals({attack(Kind::message_reorder), attack(Kind::message_delay)}) ==
        "1 2    4365 7 8");
}

TEST_CASE("a held minute is a deadline") {
  HostileLink link(std::make_unique<Teller>(5), gateway, {attack(Kind::message_delay)}, Rng(1));
  Outbox outbox;
  link.step(Instant{} + seconds(30), {}, outbox);
  CHECK(link.next_deadline() == Instant{} + seconds(45));
  link.step(Instant{} + seconds(60), {}, outbox);
  CHECK(link.next_deadline() == Instant{} + hours(1));
}
