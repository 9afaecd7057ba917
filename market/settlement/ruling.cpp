#include "market/settlement/ruling.hpp"

#include <array>

#include "ledger/base/codec.hpp"

namespace market {
namespace {

constexpr std::uint8_t ruling_version = 1;

// What the retailer bills for energy that is neither traded nor minted.
Statement billed(WattHours imported, WattHours exported, const Tariff& tariff) {
  Statement s;
  s.standing = Standing::recovering;
  s.imported = imported;
  s.exported = exported;
  price_statement(s, std::nullopt, tariff);
  return s;
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  constexpr std::array<std::string_view, 3> names{"release", "replacement", "rejection"};
  return names[static_cast<std::size_t>(outcome)];
}

Bytes encode(const Ruling& v) {
  ByteWriter w;
  w.raw(v.account.bytes)
      .u8(ruling_version)
      .u32(v.meter.value)
      .u32(v.slot.value)
      .u32(v.settled.value);
  w.u8(static_cast<std::uint8_t>(v.outcome));
  for (const WattHours e : {v.imported, v.exported, v.import_in_place, v.export_in_place})
    w.i64(e.value);
  return w.take();
}

Result<Ruling> decode_ruling(BytesView opening) {
  ByteReader r(opening);
  Ruling v;
  v.account.bytes = r.array<16>();
  const bool known_version = r.u8() == ruling_version;
  v.meter.value = r.u32();
  v.slot.value = r.u32();
  v.settled.value = r.u32();
  const std::uint8_t outcome = r.u8();
  v.outcome = static_cast<Outcome>(outcome);
  bool allowed = known_version && outcome <= static_cast<std::uint8_t>(Outcome::rejection);
  for (WattHours* e : {&v.imported, &v.exported, &v.import_in_place, &v.export_in_place}) {
    e->value = r.i64();
    allowed = allowed && 0 <= e->value && e->value <= max_energy_wh;
  }
  if (v.outcome != Outcome::replacement)
    allowed = allowed && v.import_in_place.value == 0 && v.export_in_place.value == 0;
  if (!r.done() || !allowed) return failure("ruling is not in its canonical form");
  return v;
}

Bytes encode(const RulingBody& v) {
  return ByteWriter().u32(v.slot.value).u32(v.count).raw(v.signature).take();
}

Result<RulingBody> decode_ruling_body(BytesView body) {
  ByteReader r(body);
  RulingBody v;
  v.slot.value = r.u32();
  v.count = r.u32();
  v.signature = r.array<64>();
  if (!r.done()) return failure("body of rulings is not in its canonical form");
  return v;
}

Opening opening_of(const SubjectKey& restricted_key, const Ruling& v) {
  const Bytes acts_in = ByteWriter().u32(v.slot.value).take();
  return {derive_salt(restricted_key, SaltLabel::ruling, v.meter.value, v.settled.value, acts_in),
          encode(v)};
}

Correction correction_of(const Ruling& v, const Tariff& tariff) {
  Correction out;
  out.account = v.account;
  out.vintage = v.settled;
  if (v.outcome == Outcome::release) out.minted = v.exported;
  if (v.outcome != Outcome::replacement) return out;
  const Statement was = billed(v.imported, v.exported, tariff);
  const Statement is = billed(v.import_in_place, v.export_in_place, tariff);
  out.retail_energy = is.retail_energy - was.retail_energy;
  out.grid_fee = is.grid_fee - was.grid_fee;
  out.levies = is.levies - was.levies;
  out.feed_in = is.feed_in - was.feed_in;
  out.total = is.total - was.total;
  return out;
}

void add_postings(const Correction& c, std::vector<Posting>& postings) {
  const auto pay = [&](const AccountId& to, MicroEuros amount) {
    if (amount.value > 0)
      postings.push_back({PostingKind::correction, c.account, to, amount});
    else if (amount.value < 0)
      postings.push_back({PostingKind::correction, to, c.account, -amount});
  };
  pay(retailer, c.retail_energy);
  pay(grid_operator, c.grid_fee);
  pay(state_levies, c.levies);
  pay(retailer, -c.feed_in);
}

}  // namespace market
