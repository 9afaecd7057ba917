// Somebody knows every home's load curve and has the public files: who is who stays as unknown as
// by chance. And the attacks work, where there is something to find. AIPCHAIN_HOMES sets
// another number of homes, AIPCHAIN_SEED another seed, AIPCHAIN_WHOLE_DAY=1 a day of quarter hours.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>
#include <numeric>

#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "tests/app/short_run.hpp"
#include "tests/support/load_curve_attack.hpp"
#include "tests/support/setting.hpp"

using namespace ledger;
using test::Curve;
using test::KnownHome;
using test::match_digests;
using test::Matching;
using test::Village;

namespace {

// A winter's evening, dark from the start, so that nearly all homes draw power.
constexpr const char* evening =
    "[time]\nstart = \"2026-11-21T17:00:00+01:00\"\nduration = \"80m\"\nmarket_slot = \"1m\"\n"
    "metering_interval = \"10s\"\nphysics_step = \"10s\"\n[ledger]\nblock_interval = \"20s\"\n";
constexpr const char* whole_day =
    "[time]\nstart = \"2026-06-21T00:00:00+02:00\"\nduration = \"24h\"\n[ledger]\n";

// Twelve homes behind a gateway, enough for a sum over them to be shown were there no other one.
std::string scenario() {
  const std::uint64_t homes = test::setting("AIPCHAIN_HOMES", 100);
  const std::string count = std::to_string(homes);
  return "name = \"curves\"\nseed = " + std::to_string(test::setting("AIPCHAIN_SEED", 5)) + "\n" +
         (test::setting("AIPCHAIN_WHOLE_DAY", 0) == 1 ? whole_day : evening) +
         "gateways = " + std::to_string(std::max<std::uint64_t>(2, homes / 12)) +
         "\n[grid.generator]\nhomes = " + count + "\nbranches = 8\ntransformer_kva = 6300\n" +
         "[[population]]\ncount = " + count +
         "\npv = { share = 0.4, peak_kw = [4, 10] }\nbattery = { share = 0.2 }\n"
         "ev = { share = 0.3 }\nheat_pump = { share = 0.3 }\n";
}

// One run for all cases of this file.
struct Run {
  test::Folder folder;
  market::PublicLog log;
  market::Openings openings;
  std::vector<Bytes> files;  // below log/
  Village village;

  Run() {
    folder.write("scenario.toml", scenario());
    const test::Outcome ran =
        test::aipchain({"run", folder.at(""), "--out", folder.at("out"), "--quiet"});
    CAPTURE(ran.errors);
    REQUIRE(ran.code == 0);
    const test::Files below_log = test::files_of(folder.at("out/log"));
    const test::Files below_openings = test::files_of(folder.at("out/openings"));
    const market::FileSet public_files = test::view_of(below_log);
    Ed25519Verifier verifier;
    REQUIRE(load_trust(log, public_files, ""));
    REQUIRE(load_entries(log, public_files, verifier));
    REQUIRE(load_blocks(log, public_files));
    openings = market::load_openings(log, test::view_of(below_openings)).value();
    for (const auto& [path, bytes] : below_log) files.push_back(bytes);
    village = test::village_of(log, openings);
  }
};

const Run& run() {
  static const Run once;
  return once;
}

void print(const Matching& m) {
  std::printf("load curves: %-32s %8llu said, %6llu right, %8.2f by chance, p = %.2g\n",
              m.channel.c_str(), static_cast<unsigned long long>(m.said),
              static_cast<unsigned long long>(m.right), m.chance * static_cast<double>(m.said),
              m.by_chance());
}

std::vector<Matching> all_attacks(const Run& r) {
  std::vector<Matching> out = match_gateways(r.village);
  for (Matching& m : match_orders(r.village)) out.push_back(std::move(m));
  out.push_back(match_volume(r.village));
  out.push_back(match_digests(r.log, r.openings, r.files));
  return out;
}

std::vector<std::size_t> gateways_of(const Village& v) {
  std::vector<std::size_t> out;
  for (const KnownHome& h : v.homes) out.push_back(h.gateway);
  return out;
}

// What the log would show, were the sums of all gateways public.
std::vector<Curve> sums(const Village& v, std::size_t groups, std::size_t homes_a_group) {
  std::vector<Curve> out(groups, Curve(v.volume.size(), 0.0));
  for (std::size_t h = 0; h < v.homes.size(); ++h) {
    const std::size_t group = homes_a_group > 0 ? h / homes_a_group : v.homes[h].gateway;
    for (std::size_t s = 0; s < out[group].size() && s < v.homes[h].imported.size(); ++s)
      if (!std::isnan(v.homes[h].imported[s])) out[group][s] += v.homes[h].imported[s];
  }
  return out;
}

}  // namespace

// 1 % over all attacks together.
TEST_CASE("load curves: known ones are matched with the public files no better than by chance") {
  const std::vector<Matching> all = all_attacks(run());
  std::printf("load curves: %zu homes, %zu slots, %zu gateways, %zu entries, %zu attacks\n",
              run().village.homes.size(), run().village.volume.size(),
              run().log.genesis.gateways.size(), run().log.entries.size(), all.size());
  for (const Matching& m : all) {
    print(m);
    CAPTURE(m.channel);
    CAPTURE(m.right);
    CHECK(m.by_chance() > 0.01 / static_cast<double>(all.size()));
  }
  CHECK(all.size() > 20);
}

TEST_CASE("load curves: a series a home is matched with its curve, also a rounded one") {
  const Village& v = run().village;
  std::vector<std::size_t> truth(v.homes.size());
  std::iota(truth.begin(), truth.end(), std::size_t{0});
  for (const double unit : {1.0, 5.0}) {
    std::vector<Curve> shown;
    for (const KnownHome& h : v.homes) {
      shown.push_back(h.imported);
      for (double& wh : shown.back()) wh = unit * std::round(wh / unit);
    }
    const Matching m = match_series("control: a series a home", v.homes, truth, shown);
    print(m);
    CHECK(m.rate() > (unit == 1.0 ? 0.85 : 0.6));
  }
}

// How many are right depends on how many homes are alike; that it is no chance does not.
TEST_CASE("load curves: sums over a home or two, and over a gateway's, name who is in them") {
  const Village& v = run().village;
  std::vector<std::size_t> pairs;
  for (std::size_t h = 0; h < v.homes.size(); ++h) pairs.push_back(h / 2);
  const Matching two = match_series("control: sums over two homes", v.homes, pairs,
                                    sums(v, (v.homes.size() + 1) / 2, 2));
  print(two);
  CHECK(two.by_chance() < 1e-12);
  const Matching all = match_series("control: sums over a gateway", v.homes, gateways_of(v),
                                    sums(v, run().log.genesis.gateways.size(), 0));
  print(all);
  CHECK(all.by_chance() < 1e-4);
}

TEST_CASE("load curves: orders that stand by size, or where they stood before, name their homes") {
  Village v = run().village;
  const auto rearrange = [&](auto value) {
    for (std::uint32_t slot = 0; slot < v.orders.size(); ++slot) {
      std::vector<std::pair<double, KnownHome*>> order;
      for (std::size_t h = 0; h < v.homes.size(); ++h)
        if (v.homes[h].order_at.contains(slot)) order.push_back({value(h, slot), &v.homes[h]});
      std::stable_sort(order.begin(), order.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (std::size_t place = 0; place < order.size(); ++place)
        order[place].second->order_at[slot] = static_cast<double>(place);
    }
  };
  const auto best = [&] {
    const auto all = match_orders(v);
    return *std::max_element(all.begin(), all.end(), [](const Matching& a, const Matching& b) {
      return a.rate() < b.rate();
    });
  };
  rearrange([&](std::size_t h, std::uint32_t slot) {
    const KnownHome& home = v.homes[h];
    return slot < home.imported.size() ? home.imported[slot] - home.exported[slot] : 0;
  });
  print(best());
  CHECK(best().rate() > 0.9);
  std::vector<std::uint64_t> lot;
  Rng rng(3);
  for (std::size_t h = 0; h < v.homes.size(); ++h) lot.push_back(rng.next());
  rearrange([&](std::size_t h, std::uint32_t) { return static_cast<double>(lot[h]); });
  print(best());
  CHECK(best().by_chance() < 1e-12);
}

TEST_CASE("load curves: what is committed to without a salt, or with a guessed one, is found") {
  const Run& r = run();
  // Of readings and records none is put into the files: they would only thin out the sample.
  market::Openings committed = r.openings;
  committed.personal.clear();
  const auto with = [&](auto digest) {
    std::vector<Bytes> files{Bytes(1, 0)};
    for (const auto& [index, all] : r.openings.restricted)
      for (const auto& [position, o] : all) append(files[0], digest(o));
    return match_digests(r.log, committed, files);
  };
  const Matching none = match_digests(r.log, r.openings, {});
  CHECK(none.right == 0);
  const Matching plain = with([](const Opening& o) { return sha256(o.data); });
  print(plain);
  CHECK(plain.right > 1000);
  CHECK(plain.right == plain.said);
  CHECK(with([](const Opening& o) { return leaf_hash(sha256(o.data)); }).right == plain.right);
  CHECK(with([](const Opening& o) { return commitment(Salt{}, o.data); }).right == plain.right);
  CHECK(with([](const Opening& o) { return commitment(o.salt, o.data); }).right == 0);
}
