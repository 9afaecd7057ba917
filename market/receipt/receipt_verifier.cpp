// The checks of a receipt in their order: each takes what those before it gave.

#include <algorithm>
#include <array>

#include "market/receipt/erasure_receipt.hpp"
#include "market/receipt/receipt_bill.hpp"
#include "market/receipt/receipt_checks.hpp"
#include "market/receipt/receipt_clearing.hpp"
#include "market/receipt/receipt_energy.hpp"

namespace market {

namespace {

constexpr std::size_t max_receipt_size = 64u << 20;
constexpr std::array receipt_keys{"account",   "batches",      "before",  "bill",       "book",
                                  "format",    "genesis",      "mark",    "meter",      "orders",
                                  "policy",    "registration", "rulings", "settlement", "slot",
                                  "statement", "swaps"};
// These stand in a receipt only where there are any.
constexpr std::array now_and_then{"certificates", "contracts", "fees",
                                  "gateway",      "keys",      "measures"};
constexpr std::string_view at_times = "statement_before";  // the same, and no list

// Whose receipt it says that it is, and of which slot.
struct Claim {
  AccountId account;
  Slot slot;
};

void check_keys(const ReceiptPart& receipt) {
  std::vector<std::string> found;
  for (const std::string& key : receipt.keys())
    if (key == at_times)
      continue;
    else if (std::find(now_and_then.begin(), now_and_then.end(), key) == now_and_then.end())
      found.push_back(key);
    else
      want(!receipt.at(key.c_str()).items().empty(), key + ": is not a list, or an empty one");
  want(std::equal(found.begin(), found.end(), receipt_keys.begin(), receipt_keys.end()),
       "does not hold exactly the keys of a receipt");
}

Claim read_claim(const ReceiptText& text) {
  want(text.is_object(), "is not JSON");
  want(text.is_canonical(), "is not in its canonical form");
  const ReceiptPart receipt = text.whole();
  check_keys(receipt);
  want(receipt.at("format").is_text(receipt_format), "format is not \"aipchain receipt 1\"");
  const auto account = array_from_hex<16>(receipt.at("account").text());
  want(account.has_value(), "account is not 32 hexadecimal digits");
  return {{*account}, {static_cast<std::uint32_t>(receipt.number("slot", UINT32_MAX))}};
}

std::string signed_by_whom(const Policy& policy) {
  return "entries stand in the log under " + std::to_string(policy.quorum) + " of " +
         std::to_string(policy.witnesses.size()) + " validators' signatures";
}

std::string number_and_verdict(const ReceiptReadings& r) {
  return std::to_string(r.readings.size()) + " readings, signed by the meter" +
         (r.verdict == 0 ? std::string() : "; verdict: " + rule_names(r.verdict));
}

std::string tariff_in_words(const ReceiptOpenings& o) {
  const std::int32_t added = o.fees.in(o.statement.slot);
  return "every amount recomputed from genesis' tariff" +
         (added == 0 ? std::string()
                     : " and " + std::to_string(added) + " micro-EUR/kWh added to the grid fee") +
         (o.statement.capacity ? "; the month's highest import goes on from the slot before" : "");
}

std::string in_words(const GridMeasure& measure, const HomeMeasure& home) {
  const std::string owed = home.owed.value == 0 ? std::string()
                                                : "; owed " + std::to_string(home.owed.value) +
                                                      " micro-EUR, paid in slot " +
                                                      std::to_string(home.paid_in.value);
  return name_of_rung(measure.rung) + " in slot " + std::to_string(home.slot.value) + " for " +
         std::to_string(home.minutes) + " min, lowest limit " + std::to_string(home.limit_w) +
         " W, mean change " + std::to_string(home.change_w) + " W, because of " +
         std::string(names_of_reasons[measure.reason]) + " at " + measure.element + owed;
}

std::string in_words(const std::vector<ToldMeasure>& measures) {
  std::string out;
  for (const auto& [measure, home] : measures)
    out += (out.empty() ? "" : "; ") + in_words(measure, home);
  return out;
}

void verify_whole(std::string_view written, const std::string& trusted_policy, Verifier& verifier,
                  ReceiptChecks& checks) {
  checks.begin("canonical form");
  want(written.size() <= max_receipt_size, "larger than 64 MiB");
  const ReceiptText text(written);
  const Claim claim = read_claim(text);
  const ReceiptPart receipt = text.whole();
  checks.holds(std::string(receipt_format));

  checks.begin("trust root");
  const TrustRoot trust = trust_root_of(receipt, trusted_policy, verifier);
  checks.holds(source_of_trust(trusted_policy));

  checks.begin("inclusion");
  EntryReader reader(trust, claim.account);
  const ReceiptEntries entries = read_entries(receipt, reader);
  checks.holds(signed_by_whom(trust.policy));

  checks.begin("openings");
  const ReceiptOpenings openings = read_openings(receipt, entries, claim.slot, trust.genesis);
  checks.holds("registration, statement, marks and orders are the account's own");

  checks.begin("signatures");
  const ReceiptGateway gateway = check_signatures(entries, openings, claim.slot, trust);
  checks.holds("roles, gateway and account signed what is theirs");

  if (!openings.measures.empty()) {
    checks.begin("grid measures");
    checks.holds(in_words(openings.measures));
  }

  checks.begin("readings");
  const ReceiptReadings readings =
      read_readings(receipt, reader, openings, gateway, claim.slot, trust);
  checks.holds(number_and_verdict(readings));

  checks.begin("metered energy");
  checks.holds(check_energy(openings, readings, claim.slot, trust.genesis));

  checks.begin("clearing");
  checks.holds(check_clearing(receipt, openings, claim.account, trust.genesis));

  checks.begin("tariff");
  check_tariff(openings, trust.genesis);
  checks.holds(tariff_in_words(openings));

  checks.begin("bill");
  check_bill(receipt, openings, trust.genesis);
  checks.holds("total " + std::to_string(openings.statement.total.value) + " micro-EUR");
}

}  // namespace

std::vector<ReceiptCheck> verify_receipt(std::string_view text, const std::string& trusted_policy,
                                         Verifier& verifier) {
  if (is_erasure_receipt(text)) return verify_erasure_receipt(text, trusted_policy, verifier);
  return list_checks(
      [&](ReceiptChecks& checks) { verify_whole(text, trusted_policy, verifier, checks); });
}

}  // namespace market
