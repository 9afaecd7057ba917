#include "ledger/chain/genesis.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger/base/codec.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/tlog/note.hpp"

namespace ledger {
namespace {

using nlohmann::json;

constexpr std::size_t max_attesters = 255;  // one byte counts them

json keys_json(const std::vector<PublicKey>& keys) {
  json out = json::array();
  for (const PublicKey& k : keys) out.push_back(to_hex(k));
  return out;
}

json dark_json(const std::array<Nights::Dark, 12>& dark) {
  json out = json::array();
  for (const Nights::Dark& month : dark) out.push_back({month.from, month.to});
  return out;
}

// One walk for both directions would hide the form; these two lists are the form.
json to_json(const Genesis& g) {
  json out = {{"auditor_box", to_hex(g.auditor_box)},
              {"batch_ms", g.batch_ms},
              {"block_ms", g.block_ms},
              {"certificates", g.certificates},
              {"certifier", to_hex(g.certifier)},
              {"close_grace_ms", g.close_grace_ms},
              {"dark_utc_minutes", dark_json(g.dark)},
              {"epoch", to_rfc3339(g.epoch)},
              {"format", "aipchain genesis 1"},
              {"gateway_administrator", to_hex(g.gateway_administrator)},
              {"gateways", keys_json(g.gateways)},
              {"input_hash", to_hex(g.input_hash)},
              {"mechanism", g.mechanism},
              {"metering_ms", g.metering_ms},
              {"metering_operator", to_hex(g.metering_operator)},
              {"name", g.name},
              {"observer", to_hex(g.observer)},
              {"oracles", keys_json(g.oracles)},
              {"prices_micro_eur_per_kwh",
               {{"grid_fee", g.grid_fee.value},
                {"levies", g.levies.value},
                {"local_grid_fee", g.local_grid_fee.value},
                {"retail_buy", g.retail_buy.value},
                {"retail_sell", g.retail_sell.value}}},
              {"registrar", to_hex(g.registrar)},
              {"rules", to_hex(g.rules)},
              {"slot_ms", g.slot_ms},
              {"validators", keys_json(g.validators)}};
  if (g.attesters > 0) out["attesters"] = g.attesters;
  if (g.vat_permille > 0) out["vat_permille"] = g.vat_permille;
  if (g.capacity_price.value > 0) {
    out["capacity_price"] = g.capacity_price.value;
    out["zone"] = {{"offset_minutes", g.zone.offset_minutes}, {"summer_time", g.zone.summer_time}};
  }
  if (g.grid_operator != PublicKey{}) out["grid_operator"] = to_hex(g.grid_operator);
  return out;
}

template <class Array>
void read_key(const json& j, Array& out) {
  const auto key = array_from_hex<32>(j.get_ref<const std::string&>());
  if (!key) throw std::invalid_argument("a key is 64 lower-case hexadecimal digits");
  out = *key;
}

// Of a fraction, or of one beyond 64 bits, the library would make some integer.
std::int64_t read_integer(const json& j) {
  if (!j.is_number_integer()) throw std::invalid_argument("a number is not an integer");
  return j.get<std::int64_t>();
}

void read_dark(const json& j, std::array<Nights::Dark, 12>& out) {
  constexpr std::int64_t minutes_a_day = 1440;
  if (!j.is_array() || j.size() != out.size())
    throw std::invalid_argument("dark_utc_minutes does not hold twelve months");
  const auto minute = [](const json& value) {
    const std::int64_t m = read_integer(value);
    if (m < 0 || m > minutes_a_day)
      throw std::invalid_argument("dark_utc_minutes: a minute is 0 to 1440");
    return static_cast<std::uint16_t>(m);
  };
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = {minute(j[i].at(0)), minute(j[i].at(1))};
}

std::vector<PublicKey> read_keys(const json& j) {
  std::vector<PublicKey> out;
  for (const json& k : j) read_key(k, out.emplace_back());
  return out;
}

std::uint32_t read_attesters(const json& j, std::size_t oracles) {
  const std::int64_t out = read_integer(j);
  if (out < 1 || out > static_cast<std::int64_t>(std::min<std::size_t>(oracles, max_attesters)))
    throw std::invalid_argument("attesters are not 1 to as many as there are oracles");
  return static_cast<std::uint32_t>(out);
}

std::uint32_t read_vat(const json& j) {
  const std::int64_t out = read_integer(j);
  if (out < 1 || out > max_vat_permille)
    throw std::invalid_argument("vat_permille is not 1 to " + std::to_string(max_vat_permille));
  return static_cast<std::uint32_t>(out);
}

MicroEuros read_capacity_price(const json& j) {
  const std::int64_t out = read_integer(j);
  if (out < 1 || out > max_capacity_price.value)
    throw std::invalid_argument("capacity_price is not 1 to " +
                                std::to_string(max_capacity_price.value));
  return {out};
}

Zone read_zone(const json& j) {
  constexpr std::int64_t most = 24 * 60 - 1;
  const std::int64_t offset = read_integer(j.at("offset_minutes"));
  if (offset < -most || offset > most)
    throw std::invalid_argument("zone: offset_minutes is a day or more");
  return {static_cast<std::int32_t>(offset), j.at("summer_time").get<bool>()};
}

// The name becomes part of key names; a validator that stood twice would vote twice.
void check_identities(const Genesis& g) {
  if (!valid_key_name(g.name))
    throw std::invalid_argument("name is not printable ASCII without space and plus");
  if (g.validators.empty()) throw std::invalid_argument("there are no validators");
  const auto twice = [](const std::vector<PublicKey>& keys) {
    return std::set(keys.begin(), keys.end()).size() != keys.size();
  };
  if (twice(g.validators)) throw std::invalid_argument("a validator's key is there twice");
  if (twice(g.oracles)) throw std::invalid_argument("an oracle's key is there twice");
  if (twice(g.concentrators)) throw std::invalid_argument("a concentrator's key is there twice");
}

Genesis from_json(const json& j) {
  Genesis g;
  g.name = j.at("name").get<std::string>();
  const auto epoch = from_rfc3339(j.at("epoch").get_ref<const std::string&>());
  if (!epoch) throw std::invalid_argument("epoch is not an RFC 3339 time");
  g.epoch = *epoch;
  for (const auto& [key, value] : {std::pair{"slot_ms", &g.slot_ms},
                                   {"batch_ms", &g.batch_ms},
                                   {"block_ms", &g.block_ms},
                                   {"metering_ms", &g.metering_ms}}) {
    *value = read_integer(j.at(key));
    if (*value <= 0) throw std::invalid_argument(std::string(key) + " is not positive");
  }
  g.close_grace_ms = read_integer(j.at("close_grace_ms"));
  g.validators = read_keys(j.at("validators"));
  g.gateways = read_keys(j.at("gateways"));
  g.oracles = read_keys(j.at("oracles"));
  if (j.contains("concentrators")) g.concentrators = read_keys(j.at("concentrators"));
  if (j.contains("attesters")) g.attesters = read_attesters(j["attesters"], g.oracles.size());
  for (const auto& [role, key] : {std::pair{"registrar", &g.registrar},
                                  {"metering_operator", &g.metering_operator},
                                  {"gateway_administrator", &g.gateway_administrator},
                                  {"certifier", &g.certifier}})
    read_key(j.at(role), *key);
  if (j.contains("grid_operator")) read_key(j["grid_operator"], g.grid_operator);
  read_key(j.at("observer"), g.observer);
  read_key(j.at("auditor_box"), g.auditor_box);
  const json& prices = j.at("prices_micro_eur_per_kwh");
  for (const auto& [key, price] : {std::pair{"retail_buy", &g.retail_buy},
                                   {"retail_sell", &g.retail_sell},
                                   {"grid_fee", &g.grid_fee},
                                   {"local_grid_fee", &g.local_grid_fee},
                                   {"levies", &g.levies}})
    price->value = read_integer(prices.at(key));
  if (j.contains("vat_permille")) g.vat_permille = read_vat(j["vat_permille"]);
  if (j.contains("capacity_price")) {
    g.capacity_price = read_capacity_price(j["capacity_price"]);
    g.zone = read_zone(j.at("zone"));
  }
  g.mechanism = j.at("mechanism").get<std::string>();
  g.certificates = j.at("certificates").get<bool>();
  read_key(j.at("rules"), g.rules);
  read_dark(j.at("dark_utc_minutes"), g.dark);
  read_key(j.at("input_hash"), g.input_hash);
  check_identities(g);
  return g;
}

}  // namespace

std::string origin_of(const Genesis& genesis) {
  return "aipchain.example/" + genesis.name + "/" + to_hex(chain_id_of(genesis));
}

// A chain without concentrators has no key of theirs.
std::string encode(const Genesis& genesis) {
  json j = to_json(genesis);
  if (!genesis.concentrators.empty()) j["concentrators"] = keys_json(genesis.concentrators);
  return j.dump();
}

// What the parser itself says quotes the text, which may be any bytes: so it is said in our words.
Result<Genesis> decode_genesis(std::string_view text) {
  const json j = json::parse(text, nullptr, false);
  if (!j.is_object()) return failure("is not a JSON object");
  try {
    Genesis g = from_json(j);
    if (encode(g) != text) return failure("is not in its canonical form");
    return g;
  } catch (const json::exception&) {
    return failure("a key is missing or has a value of the wrong type");
  } catch (const std::invalid_argument& wrong) {
    return failure(wrong.what());
  }
}

Slot slot_of_epoch(const Genesis& genesis, std::uint32_t epoch) {
  const std::int64_t end_ms = std::int64_t{epoch} * genesis.batch_ms;
  return {static_cast<std::uint32_t>((end_ms - 1) / genesis.slot_ms)};
}

Nights nights_of(const Genesis& genesis) { return {genesis.dark, genesis.epoch.unix_ms}; }

Hash chain_id_of(const Genesis& genesis) { return sha256(bytes_of(encode(genesis))); }

Hash validators_hash(const std::vector<PublicKey>& validators) {
  ByteWriter w;
  w.raw(bytes_of("aipchain validators 1")).u32(static_cast<std::uint32_t>(validators.size()));
  for (const PublicKey& key : validators) w.raw(key);
  return sha256(w.view());
}

}  // namespace ledger
