#include "market/metering/metered_point.hpp"

#include <algorithm>

namespace market {

MeteredPoint::MeteredPoint(const Registration& r, const Genesis& genesis, const Nights& nights)
    : registration_(r),
      limits_(limits_of(r, genesis, nights)),
      terms_{r.max_power_w, r.modulus, genesis.slot_ms},
      metering_ms_(genesis.metering_ms),
      kept_{r.meter_key,
            std::nullopt,
            r.import_register,
            r.export_register,
            std::nullopt,
            false,
            r.import_register,
            r.export_register,
            {r.import_register, r.export_register, r.first_slot, false, false, {}, {}},
            std::nullopt,
            r.account_key,
            std::nullopt,
            std::nullopt},
      oracle_(limits_) {}

void MeteredPoint::resume(const Memory& memory) {
  kept_ = memory;
  if (!kept_.next_account_key) kept_.account_key = registration_.account_key;
  if (kept_.last_slot) leave_after(*kept_.last_slot);
  if (kept_.next_key) set_changed(kept_.next_key->from);
  oracle_ = MeterOracle(limits_, memory.last, memory.usual);
}

MeteredPoint::Memory MeteredPoint::memory() const {
  return {kept_, oracle_.last(), oracle_.usual()};
}

Result<void> MeteredPoint::take_papers(const Hash& chain_id, const Opening& opening, Slot now,
                                       Verifier& verifier) {
  const auto swap = decode_meter_swap(opening.data);
  if (!swap) return failure(swap.error());
  if (swap->meter != registration_.meter || swap->account != registration_.account)
    return failure("papers of another meter or account");
  if (swap->slot != now) return failure("papers of another slot than the present one");
  if (kept_.papers) return failure("papers of another swap wait for their meter already");
  if (kept_.next_key && kept_.next_key->from >= now)
    return failure("papers of a meter whose next key waits");
  if (!verifier.verify(account_key(now), swap_signed_bytes(chain_id, opening.data),
                       swap->signature))
    return failure("papers are not signed by the account");
  if (!closes_above(kept_.anchor, *swap))
    return failure("papers close the meter below what is settled");
  accept_papers(*swap);
  return {};
}

void MeteredPoint::accept_papers(const MeterSwap& swap) {
  if (kept_.next_key) take_next_key();  // of the meter before
  kept_.papers = swap;
  kept_.anchor = after(kept_.anchor, swap);
}

Result<void> MeteredPoint::may_change(KeyOf of, const NextKey& next, Slot now) const {
  if (next.from < now) return failure("a key change in a slot that is over");
  const auto& waits = of == KeyOf::meter ? kept_.next_key : kept_.next_account_key;
  if (waits && waits->from >= now) return failure("another key change waits already");
  if (has_changed(of, next.from))
    return failure("another key holds from this slot or a later one already");
  return {};
}

bool MeteredPoint::has_changed(KeyOf of, Slot from) const {
  if (of == KeyOf::meter) return changed_from_ && from <= *changed_from_;
  return kept_.next_account_key && from <= kept_.next_account_key->from;
}

void MeteredPoint::set_changed(Slot from) {
  changed_from_ = std::max(changed_from_.value_or(from), from);
}

// Where papers wait for their meter, the key is that meter's.
void MeteredPoint::take_next_key() {
  (kept_.papers ? kept_.papers->meter_key : kept_.meter_key) = kept_.next_key->key;
  kept_.next_key.reset();
}

void MeteredPoint::accept_next_key(const NextKey& next) {
  if (has_changed(KeyOf::meter, next.from)) return;
  if (kept_.next_key) take_next_key();
  kept_.next_key = next;
  set_changed(next.from);
}

void MeteredPoint::accept_account_key(const NextKey& next) {
  if (has_changed(KeyOf::account, next.from)) return;
  kept_.account_key = account_key(next.from);
  kept_.next_account_key = next;
}

const PublicKey& MeteredPoint::account_key(Slot slot) const {
  const auto& next = kept_.next_account_key;
  return next && next->from <= slot ? next->key : kept_.account_key;
}

const PublicKey& MeteredPoint::newest_key() const {
  if (kept_.next_key) return kept_.next_key->key;
  return kept_.papers ? kept_.papers->meter_key : kept_.meter_key;
}

void MeteredPoint::leave_after(Slot last) {
  kept_.last_slot = last;
  registration_.end_slot = {last.value + 1};
}

SignedBy MeteredPoint::signer_of(const MeterWord& word, Slot slot, Verifier& verifier) const {
  const auto& next = kept_.next_key;
  // Papers that came before the key change say whose the key was: the next meter's.
  const bool over = next && next->from < slot;
  if ((!over || kept_.papers) && gave(kept_.meter_key, word, verifier)) return SignedBy::meter;
  if (!over && kept_.papers && gave(kept_.papers->meter_key, word, verifier))
    return SignedBy::next_meter;
  if (next && next->from <= slot && gave(next->key, word, verifier)) return SignedBy::next_key;
  return SignedBy::nobody;
}

SignedBy MeteredPoint::signer_unheard(const MeterWord& word, Verifier& verifier) const {
  if (!kept_.next_key) return SignedBy::nobody;
  if (gave(kept_.meter_key, word, verifier)) return SignedBy::meter;
  const bool next_meter = kept_.papers && gave(kept_.papers->meter_key, word, verifier);
  return next_meter ? SignedBy::next_meter : SignedBy::nobody;
}

const PublicKey& MeteredPoint::key_of(SignedBy by) const {
  return by == SignedBy::next_key ? kept_.next_key->key : kept_.meter_key;
}

void MeteredPoint::switch_meters() {
  kept_.meter_key = kept_.papers->meter_key;
  kept_.begin_import = kept_.papers->opening_import;
  kept_.begin_export = kept_.papers->opening_export;
  kept_.good_import =
      kept_.papers->opening_import - (kept_.papers->closing_import - kept_.good_import);
  kept_.good_export =
      kept_.papers->opening_export - (kept_.papers->closing_export - kept_.good_export);
  oracle_ = MeterOracle(limits_);
  kept_.slot_end.reset();
  kept_.papers.reset();
}

MeterRecord MeteredPoint::begun(std::uint32_t epoch) const {
  MeterRecord out;
  out.account = registration_.account;
  out.meter = registration_.meter;
  out.epoch = epoch;
  out.import_register = kept_.begin_import;
  out.export_register = kept_.begin_export;
  return out;
}

MeteredPoint::Recorded MeteredPoint::take(const Minute& minute, std::uint32_t epoch) {
  if (kept_.papers && is_new(minute.by)) switch_meters();
  if (minute.by == SignedBy::next_key) take_next_key();
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
  if (out.judged.slot_end) kept_.slot_end = out.judged.slot_end;
  return out;
}

MeterRecord MeteredPoint::absence(std::uint32_t epoch) const {
  return absence_after(begun(epoch), oracle_.last(), epoch);
}

std::optional<MeteredPoint::Rises> MeteredPoint::add(const MeterRecord& r) {
  if (quarantines(r.verdict)) {
    kept_.slot_quarantined = true;
    return std::nullopt;
  }
  const auto rise = [&](MilliWattHours before, MilliWattHours now) {
    return register_rise(before, now, terms_.modulus).value_or(MilliWattHours{}).value;
  };
  const Rises out{rise(kept_.good_import, r.import_register),
                  rise(kept_.good_export, r.export_register)};
  kept_.good_import = r.import_register;
  kept_.good_export = r.export_register;
  return out;
}

std::optional<Mark> MeteredPoint::mark(Slot slot) {
  const std::int64_t end_ms = (std::int64_t{slot.value} + 1) * terms_.slot_ms;
  if (!registration_.valid_in(slot)) return std::nullopt;
  // A meter that fell silent is not marked: its slot settles when its next mark comes.
  if (kept_.papers || !kept_.slot_end || kept_.slot_end->time_ms != end_ms) return std::nullopt;
  const Mark out{registration_.account,
                 registration_.meter,
                 slot,
                 kept_.slot_end->import_register,
                 kept_.slot_end->export_register,
                 kept_.slot_quarantined,
                 kept_.anchor.swapped};
  kept_.slot_quarantined = false;
  kept_.anchor = judge(kept_.anchor, out, terms_).next;
  return out;
}

}  // namespace market
