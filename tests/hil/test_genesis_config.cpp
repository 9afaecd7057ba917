// What a chain of real parties starts from, as its TOML says it.

#include <doctest/doctest.h>

#include "hil/network/genesis_config.hpp"

namespace {

// With these lines among its prices.
ledger::Result<ledger::Genesis> genesis_with(const std::string& prices) {
  const std::string key(64, '7'), other(64, '8');
  return hil::read_genesis_config(
      "name = \"street\"\nstart = \"2026-06-21T12:00:00+02:00\"\n"
      "slot = \"15m\"\nbatch = \"1m\"\nblock = \"1m\"\n"
      "metering = \"5s\"\nregistrar = \"" +
          key + "\"\nobserver = \"" + key + "\"\nauditor = \"" + key +
          "\"\n[prices]\nretail_buy_eur_per_kwh = 0.3\n"
          "retail_sell_eur_per_kwh = 0.08\ngrid_fee_eur_per_kwh = 0.09\n"
          "local_grid_fee_eur_per_kwh = 0.03\nlevies_eur_per_kwh = 0.05\n" +
          prices + "[[validator]]\nkey = \"" + key + "\"\n[[gateway]]\nkey = \"" + other + "\"\n",
      "genesis.toml");
}

}  // namespace

TEST_CASE("genesis of real parties: the capacity price and the zone of its months") {
  const auto none = genesis_with("");
  REQUIRE_MESSAGE(none, none.error());
  CHECK(none->capacity_price.value == 0);
  const auto plain = genesis_with("capacity_eur_per_kw = 4.5\n");
  REQUIRE_MESSAGE(plain, plain.error());
  CHECK(plain->capacity_price.value == 4'500'000);
  CHECK(plain->zone == ledger::Zone{120, false});  // the start's offset
  const auto berlin = genesis_with("capacity_eur_per_kw = 1000\nzone = \"Europe/Berlin\"\n");
  REQUIRE_MESSAGE(berlin, berlin.error());
  CHECK(berlin->zone == ledger::Zone{60, true});
  CHECK(ledger::decode_genesis(ledger::encode(*berlin))->zone == berlin->zone);
  for (const char* wrong : {"capacity_eur_per_kw = -1\n", "capacity_eur_per_kw = 1000.1\n",
                            "capacity_eur_per_kw = 0.0000001\n", "zone = \"Berlin\"\n"})
    CHECK_FALSE_MESSAGE(genesis_with(wrong), wrong);
}
