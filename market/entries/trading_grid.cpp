#include "market/entries/trading_grid.hpp"

#include <algorithm>

#include "ledger/base/codec.hpp"
#include "ledger/base/invariant.hpp"
#include "ledger/oracle/batch.hpp"
#include "market/entries/journal.hpp"

namespace market {
namespace {

constexpr std::uint8_t trading_grid_version = 1;

void put_operator(ByteWriter& w) { w.raw(grid_operator.bytes).u8(trading_grid_version); }

// Whether the opening begins as the grid operator's do.
bool take_operator(ByteReader& r) {
  return AccountId{r.array<16>()} == grid_operator && r.u8() == trading_grid_version;
}

Result<FeederTerms> decode_limits(std::uint32_t buses, BytesView bytes) {
  ByteReader r(bytes);
  TradeLimits limits;
  limits.buses = buses;
  const std::uint32_t rows = r.u32();
  for (std::uint32_t k = 0; k < rows && !r.failed(); ++k) {
    LimitRow row;
    row.room = r.i64();
    const std::uint32_t terms = r.u32();
    for (std::uint32_t t = 0; t < terms && !r.failed(); ++t) {
      const std::uint32_t bus = r.u32();
      row.terms.push_back({bus, static_cast<std::int32_t>(r.u32())});
    }
    limits.rows.push_back(std::move(row));
  }
  if (!r.done()) return failure("a feeder's limits are not in their canonical form");
  return FeederTerms{std::move(limits)};
}

Result<FeederTerms> decode_fees(std::uint32_t nodes, BytesView bytes) {
  ByteReader r(bytes);
  FeeTree tree;
  while (!r.failed() && r.left() > 0) {
    FeeNode n;
    n.parent = r.u32();
    n.up.value = r.u32();
    n.down.value = r.u32();
    tree.push_back(n);
  }
  if (!r.done() || tree.size() != nodes)
    return failure("a feeder's fees are not in their canonical form");
  return FeederTerms{std::move(tree)};
}

Result<FeederTerms> feeder_in(const TradingGridBody& body, std::span<const Opening> pieces) {
  const auto bytes = joined(body.from, pieces);
  if (!bytes) return failure(bytes.error());
  auto feeder = decode_feeder(body.form, body.buses, *bytes);
  if (!feeder) return feeder;
  if (const std::string what = check_feeder(*feeder); !what.empty()) return failure(what);
  return feeder;
}

Result<std::vector<HomePlace>> homes_in(const TradingGridBody& body,
                                        std::span<const Opening> openings) {
  std::vector<HomePlace> out;
  for (const Opening& o : openings) {
    const auto home = decode_home_place(o.data);
    if (!home) return failure(home.error());
    if (home->from != body.from) return failure("a home's place from another slot on");
    if (home->bus >= body.buses)
      return failure("a home at bus " + std::to_string(home->bus) + ", which is not there");
    if (!out.empty() && home->meter <= out.back().meter)
      return failure("homes of a feeder are not in rising order");
    out.push_back(*home);
  }
  return out;
}

}  // namespace

FeederForm form_of(const FeederTerms& feeder) {
  return std::holds_alternative<FeeTree>(feeder) ? FeederForm::fees : FeederForm::limits;
}

std::optional<FeederForm> form_of(Mechanism mechanism) {
  if (mechanism == Mechanism::grid_aware) return FeederForm::limits;
  if (mechanism == Mechanism::fee_tree) return FeederForm::fees;
  return std::nullopt;
}

std::uint32_t buses_of(const FeederTerms& feeder) {
  if (const auto* limits = std::get_if<TradeLimits>(&feeder)) return limits->buses;
  return static_cast<std::uint32_t>(std::get<FeeTree>(feeder).size());
}

std::string check_feeder(const FeederTerms& feeder) {
  if (const auto* limits = std::get_if<TradeLimits>(&feeder)) return check_trade_limits(*limits);
  return check_fee_tree(std::get<FeeTree>(feeder));
}

Bytes encode(const TradingGridBody& v) {
  ByteWriter w;
  w.u32(v.from.value).u8(static_cast<std::uint8_t>(v.form));
  return w.u32(v.buses).u32(v.pieces).u32(v.homes).raw(v.signature).take();
}

Result<TradingGridBody> decode_trading_grid_body(BytesView body) {
  ByteReader r(body);
  TradingGridBody v;
  v.from.value = r.u32();
  const std::uint8_t form = r.u8();
  v.form = static_cast<FeederForm>(form);
  v.buses = r.u32();
  v.pieces = r.u32();
  v.homes = r.u32();
  v.signature = r.array<64>();
  if (!r.done() || form > 1 || v.pieces == 0 || v.pieces > max_openings || v.homes > max_openings)
    return failure("body of a trading grid is not in its canonical form");
  return v;
}

Bytes encode(const GridOperatorKey& v) {
  ByteWriter w;
  put_operator(w);
  return w.raw(v.key).take();
}

Result<GridOperatorKey> decode_grid_operator_key(BytesView opening) {
  ByteReader r(opening);
  const bool owned = take_operator(r);
  GridOperatorKey v{r.array<32>()};
  if (!r.done() || !owned) return failure("the grid operator's key is not in its canonical form");
  return v;
}

Bytes encode(const HomePlace& v) {
  ByteWriter w;
  w.raw(v.account.bytes).u8(trading_grid_version).u32(v.meter.value);
  return w.u32(v.from.value).u32(v.bus).take();
}

Result<HomePlace> decode_home_place(BytesView opening) {
  ByteReader r(opening);
  HomePlace v;
  v.account.bytes = r.array<16>();
  const std::uint8_t version = r.u8();
  v.meter.value = r.u32();
  v.from.value = r.u32();
  v.bus = r.u32();
  if (!r.done() || version != trading_grid_version)
    return failure("a home's place is not in its canonical form");
  return v;
}

Opening opening_of(const SubjectKey& restricted_key, const HomePlace& v) {
  return {derive_salt(restricted_key, SaltLabel::trading_grid, v.meter.value, v.from.value),
          encode(v)};
}

Bytes encode(const FeederTerms& feeder) {
  invariant(check_feeder(feeder).empty(), "a feeder within its bounds");
  ByteWriter w;
  if (const auto* limits = std::get_if<TradeLimits>(&feeder)) {
    w.u32(static_cast<std::uint32_t>(limits->rows.size()));
    for (const LimitRow& row : limits->rows) {
      w.i64(row.room).u32(static_cast<std::uint32_t>(row.terms.size()));
      for (const LimitTerm& t : row.terms)
        w.u32(t.bus).u32(static_cast<std::uint32_t>(static_cast<std::int32_t>(t.coefficient)));
    }
  } else {
    for (const FeeNode& n : std::get<FeeTree>(feeder))
      w.u32(n.parent)
          .u32(static_cast<std::uint32_t>(n.up.value))
          .u32(static_cast<std::uint32_t>(n.down.value));
  }
  return w.take();
}

Result<FeederTerms> decode_feeder(FeederForm form, std::uint32_t buses, BytesView bytes) {
  return form == FeederForm::limits ? decode_limits(buses, bytes) : decode_fees(buses, bytes);
}

Result<TradingGrid> decode_trading_grid(const Transaction& tx) {
  const auto body = decode_trading_grid_body(tx.body);
  if (!body) return failure(body.error());
  const std::span<const Opening> all(tx.openings);
  if (all.size() != std::size_t{1} + body->pieces + body->homes)
    return failure("openings of a trading grid do not fit their counts");
  const auto key = decode_grid_operator_key(all[0].data);
  if (!key) return failure(key.error());
  auto feeder = feeder_in(*body, all.subspan(1, body->pieces));
  if (!feeder) return failure(feeder.error());
  auto homes = homes_in(*body, all.subspan(1 + body->pieces));
  if (!homes) return failure(homes.error());
  return TradingGrid{body->from, key->key, std::move(*feeder), std::move(*homes)};
}

Result<Transaction> trading_grid_of(const Hash& chain_id, Slot from, const FeederTerms& feeder,
                                    std::vector<Opening> homes, const SubjectKey& operator_key,
                                    Signer& signer) {
  Transaction tx;
  tx.kind = TransactionKind::trading_grid;
  tx.openings.push_back({derive_salt(operator_key, SaltLabel::sealing_key, of_no_meter, from.value),
                         encode(GridOperatorKey{operator_key})});
  std::vector<Opening> pieces =
      pieces_of(SaltLabel::trading_grid, from, encode(feeder), operator_key);
  TradingGridBody body{from, form_of(feeder), buses_of(feeder), 0, 0, {}};
  body.pieces = static_cast<std::uint32_t>(pieces.size());
  body.homes = static_cast<std::uint32_t>(homes.size());
  for (std::vector<Opening>* more : {&pieces, &homes})
    std::move(more->begin(), more->end(), std::back_inserter(tx.openings));
  tx.body = encode(body);
  if (tx.openings.size() > max_openings || tx.encoded_size() > max_transaction_size)
    return failure("a trading grid of " + std::to_string(tx.openings.size()) + " openings and " +
                   std::to_string(tx.encoded_size()) +
                   " bytes does not fit into a transaction: 4,096 and 1 MiB");
  tx.root = openings_root(tx.openings);
  sign_entry(tx, chain_id, signer);
  return tx;
}

}  // namespace market
