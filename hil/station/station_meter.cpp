#include "hil/station/station_meter.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "ledger/ocmf/ocmf_check.hpp"

namespace hil {

using namespace ledger;

namespace {

RecordRefusal refusal_of(OcmfVerdict verdict) {
  switch (verdict) {
    case OcmfVerdict::invalid_signature:
      return RecordRefusal::invalid_signature;
    case OcmfVerdict::unsupported:
      return RecordRefusal::unsupported;
    default:
      return RecordRefusal::malformed;
  }
}

bool is_total(const OcmfSample& s) { return s.import_total || s.export_total; }

bool below(const std::optional<MilliWattHours>& now, MilliWattHours before) {
  return now && *now < before;
}

// E, L, R, A and P end a transaction (OCMF table 7).
bool ends(const std::string& transaction) {
  return transaction.size() == 1 &&
         std::string_view("ELRAP").find(transaction) != std::string::npos;
}

// Whether times and registers rise through one record.
std::optional<RecordRefusal> refusal_within(const std::vector<OcmfSample>& samples) {
  const OcmfSample* before = nullptr;
  MilliWattHours import_register, export_register;
  for (const OcmfSample& s : samples) {
    if (!is_total(s)) continue;
    if (before && s.time.unix_ms < before->time.unix_ms) return RecordRefusal::time_not_rising;
    if (below(s.import_total, import_register) || below(s.export_total, export_register))
      return RecordRefusal::register_fell;
    import_register = s.import_total.value_or(import_register);
    export_register = s.export_total.value_or(export_register);
    before = &s;
  }
  return before ? std::nullopt : std::optional(RecordRefusal::no_register);
}

// The number behind a page's letter.
std::optional<std::uint64_t> page_number(std::string_view page) {
  std::uint64_t out = 0;
  const char* end = page.data() + page.size();
  if (page.size() < 2) return std::nullopt;
  const auto [at, error] = std::from_chars(page.data() + 1, end, out);
  return error == std::errc{} && at == end ? std::optional(out) : std::nullopt;
}

}  // namespace

std::string_view name_of(RecordRefusal refusal) {
  constexpr std::string_view names[] = {
      "too_long",        "too_many",          "malformed",     "invalid_signature", "unsupported",
      "other_meter",     "energy_unreadable", "no_register",   "energy_unusable",   "time_unusable",
      "time_not_rising", "time_apart",        "register_fell", "beyond_connection"};
  return names[static_cast<std::size_t>(refusal)];
}

StationMeter::StationMeter(EcdsaPublicKey key, StationTerms terms)
    : key_(std::move(key)),
      terms_(std::move(terms)),
      last_{Instant{}, terms_.first_import, terms_.first_export} {}

tl::expected<SignedRegisters, RecordRefusal> StationMeter::take(std::string_view record,
                                                                Instant now) {
  const OcmfCheck check = check_ocmf(record, key_);
  if (check.verdict != OcmfVerdict::valid) return tl::unexpected(hil::refusal_of(check.verdict));
  const std::string& serial = check.record->meter_serial;
  if (!(terms_.serial.empty() && !taken_) && serial != terms_.serial)
    return tl::unexpected(RecordRefusal::other_meter);
  const auto samples = samples_of(*check.record);
  if (!samples) return tl::unexpected(RecordRefusal::energy_unreadable);
  if (const auto wrong = refusal_within(*samples)) return tl::unexpected(*wrong);
  const OcmfSample& newest = *std::find_if(samples->rbegin(), samples->rend(), is_total);
  const std::int64_t time_ms = newest.time.unix_ms - terms_.epoch.unix_ms;
  SignedRegisters next{Instant{}, newest.import_total.value_or(last_.import_register),
                       newest.export_total.value_or(last_.export_register),
                       ends(newest.transaction)};
  if (const auto wrong = refusal_of(newest, next, time_ms, now)) return tl::unexpected(*wrong);
  next.time = Instant{} + milliseconds(time_ms);  // near the gateway's, so that it fits
  terms_.serial = serial;
  taken_ = true;
  last_ = next;
  count_page(check.record->pagination);
  return next;
}

std::optional<RecordRefusal> StationMeter::refusal_of(const OcmfSample& newest,
                                                      const SignedRegisters& next,
                                                      std::int64_t time_ms, Instant now) const {
  if (!newest.energy_usable) return RecordRefusal::energy_unusable;
  if (quarantines(time_verdict(newest))) return RecordRefusal::time_unusable;
  if (time_ms <= last_.time.whole_ms()) return RecordRefusal::time_not_rising;
  if (std::abs(time_ms - now.whole_ms()) > informative_ms) return RecordRefusal::time_apart;
  if (next.import_register < last_.import_register || next.export_register < last_.export_register)
    return RecordRefusal::register_fell;
  // W x ms / 3600 is mWh.
  const double most = static_cast<double>(terms_.max_power_w) *
                      static_cast<double>(time_ms - last_.time.whole_ms()) / 3600;
  const auto rise = [](MilliWattHours from, MilliWattHours to) {
    return static_cast<double>((to - from).value);
  };
  if (rise(last_.import_register, next.import_register) > most ||
      rise(last_.export_register, next.export_register) > most)
    return RecordRefusal::beyond_connection;
  return std::nullopt;
}

void StationMeter::count_page(const std::string& pagination) {
  const auto before = page_number(last_page_), now = page_number(pagination);
  if (before && now && last_page_[0] == pagination[0] && *now > *before)
    missing_ += *now - *before - 1;
  last_page_ = pagination;
}

}  // namespace hil
