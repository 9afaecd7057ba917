#include "app/subject_command.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/network_visit.hpp"
#include "app/number_option.hpp"
#include "app/run_ledger.hpp"
#include "app/subject_export.hpp"
#include "app/user_transaction.hpp"
#include "hil/network/key_file.hpp"
#include "market/audit/access_log.hpp"
#include "market/audit/slot_due.hpp"
#include "twin/store/run_directory.hpp"
#include "twin/store/run_eraser.hpp"

namespace app {
namespace {

using namespace ledger;
using nlohmann::json;

struct SubjectOptions {
  std::string directory, account, recipient, key, purpose, out, wait;
  std::uint32_t first_slot = 0, end_slot = UINT32_MAX;
  bool withdraw = false, json = false;
};

Result<AccountId> account_of(const SubjectOptions& o) {
  const auto account = array_from_hex<16>(o.account);
  if (!account)
    return failure("--account " + o.account + ": wants 32 lower-case hexadecimal digits");
  return AccountId{*account};
}

Result<market::Purpose> purpose_of(const SubjectOptions& o) {
  const auto purpose = market::purpose_named(o.purpose);
  if (!purpose)
    return failure("--purpose " + o.purpose + ": wants advice, grid-planning, research or dispute");
  return *purpose;
}

// Of readings: what was measured from a slot on to the one before another.
json readings_json(const twin::RunLedger& ledger, const AccountId& account, Slot first, Slot end) {
  const Genesis& g = ledger.log().genesis;
  json out = json::array();
  for (const auto& [batch, records] : ledger.openings().personal)
    for (const auto& [meter, p] : records) {
      if (p.record.account != account) continue;
      for (const ReadingBytes& bytes : p.readings) {
        const Reading r = decode_reading(bytes);
        const std::int64_t slot = (r.time_ms - 1) / g.slot_ms;
        if (slot < first.value || slot >= end.value) continue;
        out.push_back({{"export_mwh", r.export_register.value},
                       {"import_mwh", r.import_register.value},
                       {"power_w", r.power_w},
                       {"sequence", r.sequence},
                       {"time", to_rfc3339({g.epoch.unix_ms + r.time_ms, g.epoch.offset_minutes})},
                       {"voltage_v", r.voltage_v}});
      }
    }
  return out;
}

// Appends to the log that the subject sees; refused before anything is read without a right to it.
Result<void> log_access(const std::string& directory, const twin::RunLedger& ledger,
                        const market::Access& access) {
  if (auto ok = market::check_access(ledger.log(), ledger.openings(), access); !ok)
    return failure("this access " + ok.error());
  std::vector<market::Access> all = ledger.openings().accesses;
  all.push_back(access);
  return twin::replace_file(directory + "/openings/access", market::encode(all));
}

int put_out(const SubjectOptions& o, const json& j) {
  const std::string text = j.dump(2) + "\n";
  if (o.out.empty()) {
    std::cout << text;
    return done;
  }
  std::ofstream file(o.out, std::ios::binary);
  file << text;
  file.flush();
  return file ? done : complain(failed, o.out + ": cannot be written");
}

// Readings for whoever a consent names, by the key that it names.
int access(const SubjectOptions& o) {
  const auto account = account_of(o);
  const auto purpose = purpose_of(o);
  if (!account) return complain(wrong_input, account.error());
  if (!purpose) return complain(wrong_input, purpose.error());
  const auto secret = hil::read_key(o.key);
  if (!secret) return complain(wrong_input, secret.error());
  Ed25519Verifier verifier;
  const auto ledger = load_run_ledger(o.directory, verifier);
  if (!ledger) return complain(wrong_input, ledger.error());
  if (const std::string why = absence_of(*ledger, *account); !why.empty())
    return complain(wrong_input, "--account " + o.account + ": " + why);
  market::Access asked{*account,
                       Ed25519Signer(*secret).public_key(),
                       static_cast<std::uint8_t>(*purpose),
                       {o.first_slot},
                       {o.end_slot},
                       ledger->log().entries.size(),
                       0};
  const auto consent = market::consent_at(ledger->log(), ledger->openings(),
                                          {*account, asked.reader, *purpose}, asked.log_size);
  if (consent && !consent->withdrawn && o.end_slot == UINT32_MAX) {
    asked.first_slot = std::max(asked.first_slot, consent->first_slot);
    asked.end_slot = consent->end_slot;
  }
  const json readings = readings_json(*ledger, *account, asked.first_slot, asked.end_slot);
  asked.readings = static_cast<std::uint32_t>(readings.size());
  if (auto ok = log_access(o.directory, *ledger, asked); !ok)
    return complain(does_not_hold, ok.error());
  return put_out(o, {{"account", o.account},
                     {"consent", consent->number},
                     {"end_slot", asked.end_slot.value},
                     {"first_slot", asked.first_slot.value},
                     {"purpose", o.purpose},
                     {"readings", readings}});
}

json accesses_json(const std::vector<market::Access>& all, const AccountId& account) {
  json out = json::array();
  for (const market::Access& a : all) {
    if (a.account != account) continue;
    const auto purpose = static_cast<market::Purpose>(a.purpose);
    out.push_back({{"end_slot", a.end_slot.value},
                   {"first_slot", a.first_slot.value},
                   {"log_size", a.log_size},
                   {"purpose", a.purpose == 0 ? "own" : std::string(market::name_of(purpose))},
                   {"reader", to_hex(a.reader)},
                   {"readings", a.readings}});
  }
  return out;
}

// What the account's charging station signed, as it came.
json signed_records_json(const std::string& directory, const AccountId& account) {
  std::ifstream file(directory + "/" + twin::signed_records_of(account), std::ios::binary);
  json out = json::array();
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

// Everything that is there of the subject, for the subject; it sees that this was read, too.
int export_data(const SubjectOptions& o) {
  const auto account = account_of(o);
  if (!account) return complain(wrong_input, account.error());
  Ed25519Verifier verifier;
  const auto ledger = load_run_ledger(o.directory, verifier);
  if (!ledger) return complain(wrong_input, ledger.error());
  if (const std::string why = absence_of(*ledger, *account); !why.empty())
    return complain(wrong_input, "--account " + o.account + ": " + why);
  const auto opened = openings_json(*ledger, *account);
  if (!opened) return complain(wrong_input, o.directory + ": " + opened.error());
  json out = *opened;
  out.update({{"account", o.account}, {"format", "aipchain export 1"}});
  out["accesses"] = accesses_json(ledger->openings().accesses, *account);
  out["readings"] = readings_json(*ledger, *account, {0}, {UINT32_MAX});
  out["signed_records"] = signed_records_json(o.directory, *account);
  const std::uint64_t now = ledger->log().entries.size();
  const auto key = market::account_key_at(ledger->log(), ledger->openings(), *account, now);
  if (!key) return complain(wrong_input, "--account " + o.account + ": has no registration here");
  const market::Access own{*account,
                           *key,
                           0,
                           {0},
                           {UINT32_MAX},
                           now,
                           static_cast<std::uint32_t>(out["readings"].size())};
  if (auto ok = log_access(o.directory, *ledger, own); !ok) return complain(failed, ok.error());
  return put_out(o, out);
}

// Without its number.
Result<market::Consent> consent_asked(const SubjectOptions& o) {
  const auto account = account_of(o);
  const auto purpose = purpose_of(o);
  const auto recipient = array_from_hex<32>(o.recipient);
  if (!account) return failure(account.error());
  if (!purpose) return failure(purpose.error());
  if (!recipient)
    return failure("--recipient " + o.recipient + ": wants 64 lower-case hexadecimal digits");
  market::Consent c;
  c.place = {*account, *recipient, *purpose};
  c.withdrawn = o.withdraw;
  if (!o.withdraw) {
    c.first_slot = {o.first_slot};
    c.end_slot = {o.end_slot};
    if (!(c.first_slot < c.end_slot))
      return failure("--end-slot " + std::to_string(o.end_slot) +
                     ": wants a slot behind the first");
  }
  return c;
}

// By the key of this slot a consent is judged.
Slot next_open_slot(const market::PublicLog& log) {
  return market::open_slot(log, log.blocks.empty() ? 0 : log.blocks.back().header.time_ms + 1);
}

// The next number in a directory; against a network the time.
int give_consent(const SubjectOptions& o) {
  const UserAction action{o.directory, o.account, o.key, o.wait, o.json};
  return send_transaction(action, [&](const UserKeys& keys) -> Result<UserTransaction> {
    auto consent = consent_asked(o);
    if (!consent) return failure(consent.error());
    consent->number = unix_seconds();
    if (keys.ledger) {
      const auto before = market::consent_at(keys.ledger->log(), keys.ledger->openings(),
                                             consent->place, keys.ledger->log().entries.size());
      consent->number = before ? before->number + 1 : 1;
    }
    const auto secret = keys.secret_in(keys.ledger ? next_open_slot(keys.ledger->log()) : Slot{});
    if (!secret) return failure(secret.error());
    Ed25519Signer signer(*secret);
    return UserTransaction{market::consent_of(keys.chain_id, *consent, keys.restricted_key, signer),
                           consent_json(*consent)};
  });
}

void add_account(CLI::App* command, SubjectOptions& o, const char* where = "a run's directory") {
  command->add_option("directory", o.directory, where)->required();
  command->add_option("--account", o.account, "whose: 32 hexadecimal digits")->required();
}

void add_consent(CLI::App& program, std::function<int()>& chosen) {
  auto o = std::make_shared<SubjectOptions>();
  auto* tx = program.add_subcommand("tx", "signed actions of a user")->require_subcommand(1);
  auto* c = tx->add_subcommand("consent", "lets somebody read readings, for a purpose and a time");
  add_account(c, *o, "a run's directory, or network.toml of a network");
  c->add_option("--key", o->key, "of a network: the household's file");
  c->add_option("--wait", o->wait, "of a network: how long for the proof (default: 2m)");
  c->add_option("--recipient", o->recipient, "who may read: a public key (aipchain keys show)")
      ->required();
  c->add_option("--purpose", o->purpose, "advice, grid-planning, research or dispute")->required();
  c->add_option("--first-slot", o->first_slot, "the first slot that may be read (default: 0)")
      ->check(slot_number());
  c->add_option("--end-slot", o->end_slot, "the slot before which it ends (default: never)")
      ->check(slot_number());
  c->add_flag("--withdraw", o->withdraw, "takes the consent back");
  c->add_flag("--json", o->json, "prints JSON, with the proof");
  c->callback([&chosen, o] { chosen = [o] { return give_consent(*o); }; });
}

}  // namespace

void add_subject_commands(CLI::App& program, std::function<int()>& chosen) {
  add_consent(program, chosen);
  auto o = std::make_shared<SubjectOptions>();
  auto* a = program.add_subcommand("access", "readings for whom their subject's consent names");
  add_account(a, *o);
  a->add_option("--key", o->key, "the recipient's key file (aipchain keys new)")->required();
  a->add_option("--purpose", o->purpose, "advice, grid-planning, research or dispute")->required();
  a->add_option("--first-slot", o->first_slot, "the first slot to read (default: all consented)")
      ->check(slot_number());
  a->add_option("--end-slot", o->end_slot, "the slot before which to end")->check(slot_number());
  a->add_option("--out", o->out, "file to write (default: stdout)");
  a->callback([&chosen, o] { chosen = [o] { return access(*o); }; });

  auto* e = program.add_subcommand("export", "all that is there of a subject, for the subject");
  add_account(e, *o);
  e->add_option("--out", o->out, "file to write (default: stdout)");
  e->callback([&chosen, o] { chosen = [o] { return export_data(*o); }; });
}

}  // namespace app
