// Words between the grid operator and homes, and the node that says them.

#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "twin/grid/model/feeder_generator.hpp"
#include "twin/node/base/messages.hpp"
#include "twin/node/home/home_control.hpp"
#include "twin/node/operator/grid_operator_node.hpp"

using namespace twin;
using ledger::Instant;
using ledger::minutes;
using ledger::seconds;

namespace {

Directory one_gateway() { return {1, 1, 0, 0, 1}; }

HomeControl home_with_a_car() {
  HomeControlConfig c;
  c.directory = one_gateway();
  c.retail_eur_per_kwh = 0.3;
  ManagedHome home;
  home.devices.ev_w = 11000;
  home.devices.ev_least_w = 4140;
  c.homes.push_back(home);
  return HomeControl(c);
}

// A car that charges, or waits for a set-point to let it.
HomeState charging(double ev_w) {
  HomeState s;
  s.load_w = 1000;
  s.ev_w = ev_w;
  s.ev_held_back_w = 11000 - ev_w;
  s.ev_wanted_wh = 20000;
  s.ev_hours = 10;
  s.draw_va[0] = 1000 + ev_w;
  s.battery_charge = -1;
  return s;
}

template <class What>
std::vector<What> all_of(const Outbox& out) {
  std::vector<What> found;
  for (const twin::Effect& e : out.effects())
    if (const auto* one = std::get_if<What>(&e)) found.push_back(*one);
  return found;
}

Bytes body_of(const Bytes& message) { return {message.begin() + 1, message.end()}; }

}  // namespace

TEST_CASE("Reports and grid words are canonical") {
  HomeReports reports;
  reports.minute = 9;
  reports.homes = {{{1}, 900, 12000, 1000, 0, 11000, 11000, 2000, 150'000, 1000, 5140, 490},
                   {{4}, -5, -5, 1, 6, 0}};
  reports.forecasts = {{{1}, {3}, {400, -80}}};
  reports.plans = {{{1}, {4}, {-7}}, {{4}, {9}, {}}};
  const Bytes said = encode(reports);
  const auto back = decode_home_reports(body_of(said));
  REQUIRE(back);
  CHECK(encode(*back) == said);
  CHECK(back->forecasts[0].net_wh[1] == -80);
  CHECK(back->plans[0].net_wh[0] == -7);
  std::swap(reports.plans[0], reports.plans[1]);
  CHECK(!decode_home_reports(body_of(encode(reports))));
  std::swap(reports.plans[0], reports.plans[1]);
  std::swap(reports.homes[0], reports.homes[1]);
  CHECK(!decode_home_reports(body_of(encode(reports))));
  GridWord word;
  word.slot = {3};
  word.fees = {0, -50'000};
  word.limits = {{{1}, 9500, unlimited, 4200, unlimited, unlimited, -700}};
  const Bytes told = encode(word);
  const auto heard = decode_grid_word(body_of(told));
  REQUIRE(heard);
  CHECK(encode(*heard) == told);
  word.limits[0].pv_w = -1;
  CHECK(!decode_grid_word(body_of(encode(word))));
  CHECK(!decode_grid_word(BytesView(told).subspan(1, told.size() - 2)));
}

TEST_CASE("A home obeys a word, is released by the next one, and after five minutes by itself") {
  HomeControl control = home_with_a_car();
  GridWord word;
  word.limits = {{{0}, unlimited, unlimited, 4200, unlimited, unlimited, 0}};
  Outbox out;
  REQUIRE(control.hear(Instant{}, body_of(encode(word)), out));
  out.clear();
  const HomeState free = charging(11000), dimmed = charging(4200);
  control.look(Instant{} + minutes(1), std::span(&free, 1), out);
  auto commands = all_of<Command>(out);
  REQUIRE(commands.size() == 1);
  CHECK(commands[0].asked.ev_limit_w.value() == doctest::Approx(4200));

  // It reports what it would do without.
  const auto sent = all_of<Send>(out);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].to == one_gateway().grid_operator());
  const auto reports = decode_home_reports(sent[0].bytes.view().subspan(1));
  REQUIRE(reports);
  CHECK(reports->homes[0].net_w == 12000);
  CHECK(reports->homes[0].controllable_w == 11000);
  CHECK(reports->homes[0].idle_w == 1000);
  CHECK(reports->homes[0].least_w == 1000 + 4140);
  CHECK(reports->homes[0].slack_minutes == 490);  // ten hours less 20 kWh at 11 kW

  out.clear();
  REQUIRE(control.hear(Instant{} + minutes(2), body_of(encode(GridWord{})), out));
  commands = all_of<Command>(out);
  REQUIRE(commands.size() == 1);
  CHECK(!commands[0].asked.ev_limit_w);
  out.clear();
  control.look(Instant{} + minutes(2), std::span(&dimmed, 1), out);
  CHECK(all_of<Command>(out).empty());  // it said so already

  REQUIRE(control.hear(Instant{} + minutes(3), body_of(encode(word)), out));
  out.clear();
  control.look(Instant{} + minutes(8), std::span(&dimmed, 1), out);
  CHECK(all_of<Command>(out)[0].asked.ev_limit_w.has_value());
  out.clear();
  control.look(Instant{} + minutes(9), std::span(&dimmed, 1), out);
  REQUIRE(all_of<Command>(out).size() == 1);
  CHECK(!all_of<Command>(out)[0].asked.ev_limit_w);
}

TEST_CASE("A home refuses a word about others, and one that is no word") {
  HomeControl control = home_with_a_car();
  GridWord word;
  word.limits = {{{7}, 0, 0, 0, 0, 0, 0}};
  Outbox out;
  CHECK(!control.hear(Instant{}, body_of(encode(word)), out));
  CHECK(!control.hear(Instant{}, Bytes{1, 2, 3}, out));
  CHECK(out.effects().empty());
}

TEST_CASE("A home looks at fees when its car comes and once an hour, and says then what it plans") {
  HomeControlConfig c;
  c.directory = one_gateway();
  c.retail_eur_per_kwh = 0.3;
  c.plans_are_said = true;
  ManagedHome home;
  home.devices.ev_w = 11000;
  home.devices.ev_least_w = 4140;
  home.devices.lot = 60 * 7 + 33;  // looks 33 minutes past the hour
  home.rest_wh.assign(96, 250);
  c.homes.push_back(home);
  HomeControl control(c);
  control.forecast(0, {0}, std::vector<std::int64_t>(96, 400));
  HomeState away = charging(0), there = charging(0);
  away.ev_wanted_wh = away.ev_hours = away.ev_held_back_w = 0;
  std::vector<int> said_in;
  std::vector<NetForecast> said;
  bool charged_early = false;
  for (int n = 1; n <= 200; ++n) {
    GridWord word;
    word.slot = {static_cast<std::uint32_t>(n / 15)};
    // Dear but for five hours from 4:00 on; from 1:10 on others plan in these.
    for (int k = n / 15; k < 96; ++k)
      word.fees.push_back(16 <= k && k < 36 ? (n < 70 ? 0 : 40'000) : 50'000);
    Outbox out;
    REQUIRE(control.hear(Instant{} + minutes(n - 1) + seconds(30), body_of(encode(word)), out));
    out.clear();
    control.look(Instant{} + minutes(n), std::span(n < 50 ? &away : &there, 1), out);
    for (const Send& s : all_of<Send>(out)) {
      const auto reports = decode_home_reports(s.bytes.view().subspan(1));
      REQUIRE(reports);
      for (const NetForecast& plan : reports->plans) {
        said_in.push_back(n);
        said.push_back(plan);
      }
      charged_early |= reports->homes[0].net_w > 1000;
    }
  }
  // Not before its car came; then at once, and each hour. It was seen with one look in between.
  CHECK(said_in == std::vector<int>{50, 93, 153});
  CHECK(said[0].first == ledger::Slot{4});
  const auto car_wh = [&](const NetForecast& plan, std::uint32_t slot) {
    return plan.net_wh.at(slot - plan.first.value) - 250;
  };
  std::int32_t before = 0, after = 0;
  for (std::uint32_t k = 16; k < 36; ++k) before += car_wh(said[0], k), after += car_wh(said[2], k);
  CHECK(std::abs(before - 20000) < 60);
  CHECK(after == before);  // dearer by less than a step for what it planned itself
  CHECK(!charged_early);
}

namespace {

// An operator of two homes on a small feeder, and the reports that its fleet would send.
struct OperatorBench {
  ledger::Ed25519Signer signer{ledger::KeySeed{9}};
  std::unique_ptr<GridOperatorNode> node;
  GridMeasurement grid;
  std::size_t branches = 0;
  std::int32_t ask = 0;  // for flexibility, micro-euro per kWh

  explicit OperatorBench(RungSpec::Kind kind) {
    GeneratorSpec spec;
    spec.homes = 2;
    spec.branches = 1;
    spec.transformer_kva = 30;
    const Network network = generate_feeder(spec, ledger::Rng(1).fork("feeder"));
    branches = network.lines.size() + network.transformers.size();
    GridOperatorConfig c;
    c.directory = one_gateway();
    c.signer = &signer;
    c.genesis.grid_fee = {90'000};
    c.genesis.retail_buy = {300'000};
    RungSpec rung;
    rung.kind = kind;
    c.rungs = {rung};
    for (std::uint32_t h = 0; h < 2; ++h) {
      GridOperatorConfig::Home home;
      home.connection = h;
      home.devices.ev_w = 11000;
      home.account.bytes[0] = static_cast<std::uint8_t>(h + 1);
      c.homes.push_back(home);
    }
    c.network = std::make_shared<const Network>(network);
    node = std::make_unique<GridOperatorNode>(c);
    grid.loading.assign(branches, 0.3);
    grid.v_min_pu.assign(network.connections.size(), 1);
    grid.v_max_pu.assign(network.connections.size(), 1);
  }

  // One minute: measured, reported, acted on.
  Outbox minute(int n, double loading, std::int32_t net_w, std::int32_t actual_w) {
    HomeReports reports;
    for (std::uint32_t h = 0; h < 2; ++h)
      reports.homes.push_back({{h}, actual_w, net_w, 1000, 0, net_w - 1000, net_w - 1000, 0, ask});
    const PeerMessage message{one_gateway().fleet(0), encode(reports)};
    grid.loading.back() = loading;  // the transformer
    Inputs inputs{std::span(&message, 1), {}};
    inputs.grid = &grid;
    Outbox out;
    node->step(Instant{} + minutes(n), inputs, out);
    CHECK(node->next_deadline() == Instant{} + minutes(n) + seconds(5));
    out.clear();
    node->step(node->next_deadline(), Inputs{}, out);
    return out;
  }
};

}  // namespace

TEST_CASE("An operator dims while homes would overload, though they do not, and then lets go") {
  OperatorBench b(RungSpec::Kind::dimming_14a);
  CHECK(all_of<Send>(b.minute(1, 0.6, 6000, 6000)).empty());
  const Outbox over = b.minute(2, 1.2, 12000, 12000);
  const auto told = all_of<Send>(over);
  REQUIRE(told.size() == 1);
  CHECK(told[0].to == one_gateway().fleet(0));
  const auto word = decode_grid_word(told[0].bytes.view().subspan(1));
  REQUIRE(word);
  REQUIRE(word->limits.size() == 2);
  CHECK(word->limits[0].controllable_w == word->limits[1].controllable_w);
  CHECK(word->limits[0].controllable_w >= 4200);
  CHECK(word->limits[0].controllable_w < 11000);
  // Dimmed by now, as measured, but for the limits it would be over again.
  const auto still = all_of<Send>(b.minute(3, 0.9, 12000, 8000));
  REQUIRE(still.size() == 1);
  CHECK(decode_grid_word(still[0].bytes.view().subspan(1))->limits.size() == 2);
  const auto released = all_of<Send>(b.minute(4, 0.6, 6000, 6000));
  REQUIRE(released.size() == 1);
  CHECK(decode_grid_word(released[0].bytes.view().subspan(1))->limits.empty());
  CHECK(all_of<Send>(b.minute(5, 0.6, 6000, 6000)).empty());
}

TEST_CASE("With a slot's last climb the operator posts what it did in it, and to whom") {
  OperatorBench b(RungSpec::Kind::dimming_14a);
  std::vector<Send> posted;
  for (int n = 1; n <= 15; ++n)
    for (const Send& s :
         all_of<Send>(b.minute(n, n == 3 || n == 4 ? 1.2 : 0.5, n == 3 || n == 4 ? 12000 : 5000,
                               n == 3 || n == 4 ? 12000 : 5000)))
      if (s.to == one_gateway().validator(0)) posted.push_back(s);
  REQUIRE(posted.size() == 1);
  const auto tx = ledger::decode_transaction(posted[0].bytes.view().subspan(1));
  REQUIRE(tx);
  CHECK(tx->kind == ledger::TransactionKind::grid_measure);
  const auto body = market::decode_grid_measure_body(tx->body);
  REQUIRE(body);
  CHECK(body->slot == ledger::Slot{0});
  REQUIRE(body->measures.size() == 1);
  CHECK(body->measures[0].minutes == 2);
  CHECK(body->homes == 2);
  const auto home = market::decode_home_measure(tx->openings[1].data);
  REQUIRE(home);
  CHECK(home->meter == ledger::MeterId{1});
  CHECK(home->minutes == 2);
  CHECK(home->change_w < 0);
  CHECK(home->owed.value == 0);  // dimming is paid for by its relief
  CHECK(body->paid_in == ledger::Slot{0});
}

TEST_CASE("What flexibility is worth stands in the entry, by home and to the micro-euro") {
  OperatorBench b(RungSpec::Kind::flexibility);
  b.ask = 200'000;
  std::map<std::uint32_t, double> expected;
  std::vector<ledger::Transaction> posted;
  for (int n = 1; n <= 15; ++n) {
    const bool over = n >= 3 && n <= 6;
    const Outbox out = b.minute(n, over ? 1.2 : 0.5, over ? 12000 : 5000, over ? 12000 : 5000);
    for (const Event& e : all_of<Event>(out))
      if (const auto* taken = std::get_if<MeasuresTaken>(&e))
        for (const Measure& m : taken->measures)
          for (const LimitedHome& h : m.homes) expected[h.home] += h.owed_eur_per_hour / 60;
    for (const Send& s : all_of<Send>(out))
      if (s.to == one_gateway().validator(0))
        posted.push_back(ledger::decode_transaction(s.bytes.view().subspan(1)).value());
  }
  REQUIRE(!posted.empty());
  std::map<std::uint32_t, std::int64_t> owed;
  for (const ledger::Opening& o : posted[0].openings) {
    const auto home = market::decode_home_measure(o.data).value();
    owed[home.meter.value] += home.owed.value;
  }
  REQUIRE(!expected.empty());
  for (const auto& [home, eur] : expected) {
    CHECK(eur > 0);
    CHECK(std::abs(static_cast<double>(owed[home]) - eur * 1e6) <= 0.5);
  }
}

TEST_CASE("A report that asks for less than nothing is refused, and nobody is owed by it") {
  HomeReports reports;
  reports.homes.push_back({{0}, 5000, 5000, 1000, 0, 4000, 4000, 0, -1});
  const ledger::Bytes said = encode(reports);
  CHECK(!decode_home_reports(ledger::BytesView(said).subspan(1)));
  OperatorBench b(RungSpec::Kind::flexibility);
  const PeerMessage message{one_gateway().fleet(0), said};
  Outbox out;
  b.node->step(Instant{} + seconds(30), Inputs{std::span(&message, 1), {}}, out);
  REQUIRE(all_of<Event>(out).size() == 1);
  CHECK(std::get<Refused>(all_of<Event>(out)[0]).why == "a home report asks for less than nothing");
}

TEST_CASE(
    "The fee of a slot is fixed and posted while the one before runs, and homes hear the same") {
  OperatorBench b(RungSpec::Kind::time_of_use);  // dear from 17 to 21 h, cheap from 0 to 6 h
  std::vector<market::FeeChange> posted;
  std::map<std::uint32_t, std::int32_t> told;  // by running slot
  for (int n = 1; n < 24 * 60 - 15; ++n)
    for (const Send& s : all_of<Send>(b.minute(n, 0.3, 5000, 5000))) {
      if (s.to == one_gateway().validator(0)) {
        const auto tx = ledger::decode_transaction(s.bytes.view().subspan(1)).value();
        REQUIRE(tx.kind == ledger::TransactionKind::tariff_change);
        posted.push_back(market::decode_fee_change(tx.body).value());
        // With the first climb of the slot before, and two minutes later.
        CHECK((n < 15 ? n == 1 || n == 3 : n % 15 == 0 || n % 15 == 2));
        CHECK(posted.back().first.value == static_cast<std::uint32_t>(n / 15) + 1);
      } else if (const auto word = decode_grid_word(s.bytes.view().subspan(1))) {
        REQUIRE(!word->fees.empty());
        const auto [at, fresh] = told.try_emplace(word->slot.value, word->fees[0]);
        CHECK(at->second == word->fees[0]);
      }
    }
  std::map<std::uint32_t, std::int32_t> on_ledger;
  for (const market::FeeChange& c : posted) {
    REQUIRE(c.added.size() == 1);
    on_ledger[c.first.value] = c.added[0];
  }
  CHECK(posted.size() == 2 * on_ledger.size());
  CHECK(on_ledger.size() == 4 * 4 + 6 * 4 - 1);  // dear and cheap hours, but for the first slot
  for (const auto& [slot, fee] : told) {
    const auto at = on_ledger.find(slot);
    CHECK(fee == (at == on_ledger.end() ? 0 : at->second));
  }
  CHECK(on_ledger.at(17 * 4) == 100'000);
  CHECK(on_ledger.at(1) == -50'000);
}

TEST_CASE("What rungs ask for beyond a fee's bounds is brought within them") {
  ledger::Genesis g;
  g.grid_fee = {90'000};
  g.retail_buy = {300'000};
  ledger::Ed25519Signer signer{ledger::KeySeed{9}};
  FeeAnnouncer fees(g, signer);
  std::vector<std::int64_t> asked{-200'000, -200'000, 7};
  const auto tx = fees.announce({4}, asked);
  REQUIRE(tx);
  CHECK(market::decode_fee_change(tx->body)->added == std::vector<std::int32_t>{-90'000});
  CHECK(asked == std::vector<std::int64_t>{0, -90'000, 7});
  asked = {1, 2, 3};  // what is fixed stays
  CHECK(!fees.announce({4}, asked));
  CHECK(asked == std::vector<std::int64_t>{0, -90'000, 3});
  asked = {1, INT64_MAX, 3};
  CHECK(fees.announce({5}, asked));
  CHECK(asked == std::vector<std::int64_t>{-90'000, 99'700'000, 3});
}

namespace {

// Posts to the validator in a minute with an overload, or without.
std::vector<ledger::Transaction> posts_of(OperatorBench& b, int minute, bool over) {
  std::vector<ledger::Transaction> out;
  const std::int32_t w = over ? 12000 : 5000;
  for (const Send& s : all_of<Send>(b.minute(minute, over ? 1.2 : 0.5, w, w)))
    if (s.to == one_gateway().validator(0))
      out.push_back(ledger::decode_transaction(s.bytes.view().subspan(1)).value());
  return out;
}

std::vector<Send> hears(OperatorBench& b, int minute, std::uint32_t slots, ledger::NodeId from) {
  const PeerMessage word{from, encode(ledger::LedgerProgress{0, slots})};
  Outbox out;
  b.node->step(Instant{} + minutes(minute) + seconds(30), Inputs{std::span(&word, 1), {}}, out);
  return all_of<Send>(out);
}

std::uint32_t slot_in(const ledger::Transaction& tx) {
  return market::decode_grid_measure_body(tx.body)->slot.value;
}

}  // namespace

TEST_CASE(
    "What the operator posts and is lost it says again, in the order of slots, until it is there") {
  OperatorBench b(RungSpec::Kind::dimming_14a);
  std::vector<std::pair<int, std::uint32_t>> said;  // minute, slot
  std::vector<std::uint32_t> paid_in;
  const auto run = [&](int from, int until) {
    for (int n = from; n <= until; ++n)
      for (const ledger::Transaction& tx : posts_of(b, n, n % 15 == 3)) {
        said.emplace_back(n, slot_in(tx));
        paid_in.push_back(market::decode_grid_measure_body(tx.body)->paid_in.value);
        CHECK(market::decode_home_measure(tx.openings[0].data)->paid_in.value == paid_in.back());
      }
  };
  run(1, 20);  // the first entry is lost
  REQUIRE(said.size() >= 3);
  CHECK(paid_in ==
        std::vector<std::uint32_t>{0, 1, 1, 1});  // in the slot that runs when it is said
  CHECK(said[0] == std::pair(14, 0u));
  CHECK(said[1] == std::pair(16, 0u));  // two minutes of patience
  run(21, 32);
  for (const auto& [minute, slot] : said) CHECK(slot == 0);  // slot 1 waits behind it
  // A word of an older ledger, or of who is no validator, changes nothing.
  CHECK(hears(b, 32, 0, one_gateway().validator(0)).empty());
  hears(b, 32, 1, one_gateway().gateway(0));
  said.clear();
  run(33, 35);
  REQUIRE(!said.empty());
  CHECK(said[0].second == 0);
  const auto next = hears(b, 35, 1, one_gateway().validator(0));
  REQUIRE(next.size() == 1);
  CHECK(slot_in(ledger::decode_transaction(next[0].bytes.view().subspan(1)).value()) == 1);
  CHECK(hears(b, 36, 2, one_gateway().validator(0)).empty());
  said.clear();
  run(37, 43);
  CHECK(said.empty());
  run(44, 44);
  REQUIRE(said.size() == 1);
  CHECK(said[0].second == 2);
}

TEST_CASE("Measures that the ledger never takes are given up after a day, which is told") {
  OperatorBench b(RungSpec::Kind::dimming_14a);
  for (int n = 1; n <= 15; ++n) posts_of(b, n, n == 3);
  const auto told = [&](int n) {
    std::size_t out = 0;
    for (const Event& e : all_of<Event>(b.minute(n, 0.5, 5000, 5000)))
      out += std::holds_alternative<Refused>(e);
    return out;
  };
  CHECK(told(14 + 1440) == 0);
  CHECK(told(14 + 1441) == 1);
  CHECK(posts_of(b, 14 + 1450, false).empty());
}

namespace {

// The fees of a word that says some, from the running slot on.
std::vector<std::int32_t> fees_in(const Outbox& out) {
  for (const Send& s : all_of<Send>(out))
    if (s.to == one_gateway().fleet(0))
      return decode_grid_word(s.bytes.view().subspan(1)).value().fees;
  return {};
}

void say(OperatorBench& b, int n, const HomeReports& reports) {
  const PeerMessage message{one_gateway().fleet(0), encode(reports)};
  Outbox out;
  b.node->step(Instant{} + minutes(n) - seconds(10), Inputs{std::span(&message, 1), {}}, out);
  CHECK(all_of<Event>(out).empty());
}

NetForecast all_day(std::uint32_t home, std::int32_t wh) {
  return {{home}, {0}, std::vector<std::int32_t>(96, wh)};
}

}  // namespace

TEST_CASE("A slot gets dearer by what homes plan in it, within what they can draw") {
  OperatorBench b(RungSpec::Kind::dynamic_grid_fee);  // on 30 kVA, from half of it on
  HomeReports reports;
  reports.forecasts = {all_day(0, 500), all_day(1, 500)};
  say(b, 1, reports);
  std::vector<std::int32_t> fees = fees_in(b.minute(1, 0.3, 4000, 4000));
  REQUIRE(fees.size() == 96);  // said although there is none
  CHECK(std::all_of(fees.begin(), fees.end(), [](std::int32_t fee) { return fee == 0; }));

  reports.forecasts.clear();
  reports.plans = {{{0}, {10}, {5000, 5000}}};  // 20 kW for half an hour
  say(b, 2, reports);
  fees = fees_in(b.minute(2, 0.3, 4000, 4000));
  CHECK(fees.at(9) == 0);
  CHECK(fees.at(10) > 30'000);
  CHECK(fees.at(10) < 150'000);
  CHECK(fees.at(11) == fees.at(10));
  CHECK(fees.at(12) == 0);
  const std::int32_t before = fees.at(10);
  // What it says anew takes the place of that; others' plans come on top.
  reports.plans = {{{0}, {10}, {2500, 5000}}, {{1}, {11}, {1250}}};
  say(b, 3, reports);
  fees = fees_in(b.minute(3, 0.3, 4000, 4000));
  CHECK(fees.at(10) == 0);
  CHECK(fees.at(11) > before);
  // The slot that is fixed keeps its fee.
  reports.plans = {{{0}, {1}, {5000, 5000}}};
  say(b, 4, reports);
  fees = fees_in(b.minute(4, 0.3, 4000, 4000));
  CHECK(fees.at(1) == 0);
  CHECK(fees.at(2) > 30'000);
  // Absurd ones count as what the house's fuses and devices can carry, in either direction.
  reports.plans = {{{0}, {20}, {1'000'000'000, -1'000'000'000}}};
  say(b, 5, reports);
  fees = fees_in(b.minute(5, 0.3, 4000, 4000));
  CHECK(fees.at(20) == 150'000);
  CHECK(fees.at(21) == 0);  // full of feed-in: no reason to make import dearer
  // A plan of slots without a forecast, and one of a stranger.
  reports.plans = {{{0}, {95}, std::vector<std::int32_t>(200, 20000)}};
  say(b, 6, reports);
  CHECK(fees_in(b.minute(6, 0.3, 4000, 4000)).size() == 96);
  reports.plans = {{{7}, {20}, {100}}};
  const PeerMessage strange{one_gateway().fleet(0), encode(reports)};
  Outbox out;
  b.node->step(Instant{} + minutes(6) + seconds(30), Inputs{std::span(&strange, 1), {}}, out);
  REQUIRE(all_of<Event>(out).size() == 1);
  CHECK(std::holds_alternative<Refused>(all_of<Event>(out)[0]));
}

TEST_CASE("The operator takes reports of its fleets' own homes only") {
  OperatorBench b(RungSpec::Kind::none);
  HomeReports reports;
  reports.homes.push_back({{5}, 0, 0, 0, 0, 0, 0, 0, 0});
  const PeerMessage strange{one_gateway().fleet(0), encode(reports)};
  const PeerMessage gateway{one_gateway().gateway(0), encode(HomeReports{})};
  for (const PeerMessage& m : {strange, gateway}) {
    Outbox out;
    b.node->step(Instant{}, Inputs{std::span(&m, 1), {}}, out);
    REQUIRE(all_of<Event>(out).size() == 1);
    CHECK(std::holds_alternative<Refused>(all_of<Event>(out)[0]));
  }
}
