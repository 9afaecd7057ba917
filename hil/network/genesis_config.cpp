#include "hil/network/genesis_config.hpp"

#include <algorithm>

#include "ledger/crypto/sha256.hpp"
#include "ledger/oracle/rules.hpp"
#include "market/clearing/mechanism.hpp"
#include "market/clearing/tariff.hpp"
#include "twin/scenario/toml_table.hpp"

namespace hil {

using namespace ledger;
using namespace twin;

namespace {

constexpr std::int64_t blocks_of_grace = 3;  // for the marks of a slot that has ended

PublicKey key_at(TomlTable& table, std::string_view name) {
  const auto key = array_from_hex<32>(table.text(name, ""));
  if (!key) table.refuse(name, "64 lower-case hexadecimal digits");
  return key.value_or(PublicKey{});
}

std::vector<PublicKey> keys_at(TomlTable& root, std::string_view name) {
  std::vector<PublicKey> out;
  for (TomlTable& each : root.tables(name)) {
    out.push_back(key_at(each, "key"));
    each.close();
  }
  if (out.empty()) root.fail(name, "is missing");
  return out;
}

void read_capacity_tariff(TomlTable& prices, Genesis& g) {
  const double most = static_cast<double>(max_capacity_price.value) / 1e6;
  g.capacity_price.value = prices.micro_eur("capacity_eur_per_kw", 0, 0, most);
  g.zone = {g.epoch.offset_minutes, false};
  if (!prices.has("zone")) return;
  const auto zone = zone_named(prices.text("zone", ""));
  if (!zone) prices.refuse("zone", zone_names());
  g.zone = zone.value_or(g.zone);
}

void read_prices(TomlTable prices, Genesis& g) {
  for (const auto& [key, price] : {std::pair{"retail_buy_eur_per_kwh", &g.retail_buy},
                                   {"retail_sell_eur_per_kwh", &g.retail_sell},
                                   {"grid_fee_eur_per_kwh", &g.grid_fee},
                                   {"local_grid_fee_eur_per_kwh", &g.local_grid_fee},
                                   {"levies_eur_per_kwh", &g.levies}}) {
    if (!prices.has(key)) prices.fail(key, "is missing");
    price->value = prices.micro_eur(key, 0);
  }
  g.vat_permille =
      static_cast<std::uint32_t>(prices.integer("vat_permille", 0, 0, max_vat_permille));
  read_capacity_tariff(prices, g);
  prices.close();
}

Genesis read_root(TomlTable& root) {
  Genesis g;
  g.name = root.text("name", "");
  if (!root.has("start")) root.fail("start", "is missing");
  g.epoch = root.time("start", CivilTime{});
  for (const auto& [key, ms] : {std::pair{"slot", &g.slot_ms},
                                {"batch", &g.batch_ms},
                                {"block", &g.block_ms},
                                {"metering", &g.metering_ms}})
    *ms = root.duration(key, milliseconds(*ms)).whole_ms();
  if (g.slot_ms % g.batch_ms != 0) root.fail("batch", "does not divide the slot");
  if (g.batch_ms % g.metering_ms != 0) root.fail("metering", "does not divide the batch");
  if (g.block_ms * 3 > g.slot_ms) root.fail("block", "is longer than a third of the slot");
  g.close_grace_ms = std::max(g.close_grace_ms, blocks_of_grace * g.block_ms);
  g.mechanism = root.one_of("mechanism", "uniform", market::acting_names());
  g.registrar = key_at(root, "registrar");
  for (const auto& [role, key] : {std::pair{"metering_operator", &g.metering_operator},
                                  {"gateway_administrator", &g.gateway_administrator},
                                  {"certifier", &g.certifier}})
    *key = root.has(role) ? key_at(root, role) : g.registrar;
  g.certificates = root.boolean("certificates", false);
  g.observer = key_at(root, "observer");
  g.auditor_box = key_at(root, "auditor");
  read_prices(root.table("prices"), g);
  g.validators = keys_at(root, "validator");
  g.gateways = keys_at(root, "gateway");
  g.rules = rules_hash();
  root.close();
  return g;
}

}  // namespace

Result<Genesis> read_genesis_config(const std::string& text, const std::string& file) {
  const auto parsed = parse_toml(text, file);
  if (!parsed) return failure(parsed.error());
  Problem problem;
  TomlTable root(&*parsed, "", file, problem);
  Genesis out = read_root(root);
  if (problem.any()) return failure(problem.message);
  out.input_hash = sha256(bytes_of(text));
  // What the chain's own reader refuses is refused here.
  if (const auto again = decode_genesis(encode(out)); !again)
    return failure(file + ": " + again.error());
  if (const auto terms = market::check_terms(out); !terms)
    return failure(file + ": " + terms.error());
  return out;
}

}  // namespace hil
