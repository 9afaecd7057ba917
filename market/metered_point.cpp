#include "market/metered_point.hpp"

namespace market {

MeteredPoint::MeteredPoint(const Registration& r, const Genesis& genesis, const Nights& nights)
    : registration_(r),
      limits_(limits_of(r, genesis, nights)),
      terms_{r.max_power_w, r.modulus, genesis.slot_ms},
      metering_ms_(genesis.metering_ms),
      meter_key_(r.meter_key),
      begin_import_(r.import_register),
      begin_export_(r.export_register),
      oracle_(limits_),
      good_import_(r.import_register),
      good_export_(r.export_register),
      anchor_{r.import_register, r.export_register, r.first_slot, false, false, {}, {}} {}

void MeteredPoint::resume(const Memory& m) {
  meter_key_ = m.meter_key;
  papers_ = m.papers;
  begin_import_ = m.begin_import;
  begin_export_ = m.begin_export;
  oracle_ = MeterOracle(limits_, m.last, m.usual);
  slot_end_ = m.slot_end;
  slot_quarantined_ = m.slot_quarantined;
  good_import_ = m.good_import;
  good_export_ = m.good_export;
  anchor_ = m.anchor;
}

MeteredPoint::Memory MeteredPoint::memory() const {
  return {meter_key_,     papers_,      begin_import_,   begin_export_,
          oracle_.last(), slot_end_,    oracle_.usual(), slot_quarantined_,
          good_import_,   good_export_, anchor_};
}

Result<void> MeteredPoint::take_papers(const Hash& chain_id, const Opening& opening, Slot now,
                                       Verifier& verifier) {
  const auto swap = decode_meter_swap(opening.data);
  if (!swap) return failure(swap.error());
  if (swap->meter != registration_.meter || swap->account != registration_.account)
    return failure("papers of another meter or account");
  if (swap->slot != now) return failure("papers of another slot than the present one");
  if (papers_) return failure("papers of another swap wait for their meter already");
  if (!verifier.verify(registration_.account_key, swap_signed_bytes(chain_id, opening.data),
                       swap->signature))
    return failure("papers are not signed by the account");
  if (!closes_above(anchor_, *swap)) return failure("papers close the meter below what is settled");
  accept_papers(*swap);
  return {};
}

void MeteredPoint::accept_papers(const MeterSwap& swap) {
  papers_ = swap;
  anchor_ = after(anchor_, swap);
}

SignedBy MeteredPoint::signer_of(BytesView signed_bytes, const Signature& signature,
                                 Verifier& verifier) const {
  if (verifier.verify(meter_key_, signed_bytes, signature)) return SignedBy::meter;
  if (papers_ && verifier.verify(papers_->meter_key, signed_bytes, signature))
    return SignedBy::next_meter;
  return SignedBy::nobody;
}

void MeteredPoint::switch_meters() {
  meter_key_ = papers_->meter_key;
  begin_import_ = papers_->opening_import;
  begin_export_ = papers_->opening_export;
  good_import_ = papers_->opening_import - (papers_->closing_import - good_import_);
  good_export_ = papers_->opening_export - (papers_->closing_export - good_export_);
  oracle_ = MeterOracle(limits_);
  slot_end_.reset();
  papers_.reset();
}

MeterRecord MeteredPoint::begun(std::uint32_t epoch) const {
  MeterRecord out;
  out.account = registration_.account;
  out.meter = registration_.meter;
  out.epoch = epoch;
  out.import_register = begin_import_;
  out.export_register = begin_export_;
  return out;
}

MeteredPoint::Recorded MeteredPoint::take(const Minute& minute, std::uint32_t epoch) {
  if (minute.by == SignedBy::next_meter) switch_meters();
  const MinuteTiming timing{terms_.slot_ms, metering_ms_, minute.received_ms};
  Recorded out{begun(epoch), judge_minute(oracle_, minute.by != SignedBy::nobody,
                                          minute.first_sequence, minute.readings, timing)};
  MeterRecord& r = out.record;
  r.first_sequence = minute.first_sequence;
  r.count = static_cast<std::uint16_t>(minute.readings.size());
  r.readings_root = minute.root;
  r.signature = minute.signature;
  r.verdict = out.judged.verdict;
  end_at(r, oracle_.last());
  if (out.judged.slot_end) slot_end_ = out.judged.slot_end;
  return out;
}

MeterRecord MeteredPoint::absence(std::uint32_t epoch) const {
  return absence_after(begun(epoch), oracle_.last(), epoch);
}

std::optional<MeteredPoint::Rises> MeteredPoint::add(const MeterRecord& r) {
  if (quarantines(r.verdict)) {
    slot_quarantined_ = true;
    return std::nullopt;
  }
  const auto rise = [&](MilliWattHours before, MilliWattHours now) {
    return register_rise(before, now, terms_.modulus).value_or(MilliWattHours{}).value;
  };
  const Rises out{rise(good_import_, r.import_register), rise(good_export_, r.export_register)};
  good_import_ = r.import_register;
  good_export_ = r.export_register;
  return out;
}

std::optional<Mark> MeteredPoint::mark(Slot slot) {
  const std::int64_t end_ms = (std::int64_t{slot.value} + 1) * terms_.slot_ms;
  // A meter that fell silent is not marked: its slot settles when its next mark comes.
  if (papers_ || !slot_end_ || slot_end_->time_ms != end_ms) return std::nullopt;
  const Mark out{
      registration_.account,      registration_.meter, slot,           slot_end_->import_register,
      slot_end_->export_register, slot_quarantined_,   anchor_.swapped};
  slot_quarantined_ = false;
  anchor_ = judge(anchor_, out, terms_).next;
  return out;
}

}  // namespace market
