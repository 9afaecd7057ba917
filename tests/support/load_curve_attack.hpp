#pragma once
// Somebody who knows load curves, and looks for the homes behind them in the public files alone.
//
//   gateway    each public number a gateway and slot is a series; a known curve is said to be
//              behind the gateway whose series it is most correlated with
//   order      each order is an entry of its own; of each curve and slot, which one it is, by
//              what the curve and its owner rank, and by where the owner's orders stood before
//   volume     a home whose curve shows exactly the slot's public volume is said to have traded it
//   digest     everything that is committed to, hashed without a salt or with one that can be
//              guessed, looked for among all that is public
//
// The auditor's openings say what is true, and what the attacker knows: more than a curve.

#include "market/audit/openings.hpp"
#include "market/settlement/settlement.hpp"

namespace test {

// By slot from 0 on; NaN where nothing is known or shown.
using Curve = std::vector<double>;

// How often the attacker was right. `chance` of being right: of one who knows no curve, and says
// the same names as often.
struct Matching {
  std::string channel;
  std::uint64_t said = 0, right = 0;
  double chance = 0;

  double rate() const { return said == 0 ? 0 : static_cast<double>(right) / said; }
  double by_chance() const;  // the probability of this many or more
};

struct KnownHome {
  std::uint32_t gateway = 0;
  Curve imported, exported, traded;          // Wh
  std::map<std::uint32_t, double> order_at;  // by slot: its place among the slot's orders
};

struct PublicSeries {
  std::string name;
  std::vector<Curve> of_target;  // one a gateway
};

struct Village {
  std::vector<KnownHome> homes;
  std::vector<PublicSeries> by_gateway;
  std::vector<std::uint32_t> orders;  // by slot
  Curve volume;                       // by slot
};
Village village_of(const market::PublicLog& log, const market::Openings& openings);

// Whose series each curve is, where it is truly that of `truth`.
Matching match_series(const std::string& channel, const std::vector<KnownHome>& homes,
                      const std::vector<std::size_t>& truth, const std::vector<Curve>& of_target);
std::vector<Matching> match_gateways(const Village& village);
std::vector<Matching> match_orders(const Village& village);
Matching match_volume(const Village& village);

// How much of what is committed to is found in 32 bytes of `files` at any place.
Matching match_digests(const market::PublicLog& log, const market::Openings& openings,
                       const std::vector<ledger::Bytes>& files);

}  // namespace test
