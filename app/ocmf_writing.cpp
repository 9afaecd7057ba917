#include "app/ocmf_writing.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/console.hpp"
#include "app/input_file.hpp"
#include "app/meter_source.hpp"
#include "hil/network/key_file.hpp"
#include "hil/station/station_service.hpp"

namespace app {
namespace {

using namespace ledger;
using nlohmann::json;

struct WritingOptions {
  std::string key, listen, interval = "60s", serial = "aipchain-1";
  MeterSourceOptions source;
  std::string exported, from, to, out;
};

Result<EcdsaKey> station_key(const std::string& path) {
  const auto seed = hil::read_key(path);
  if (!seed) return failure(seed.error());
  return EcdsaKey::from_seed(Curve::secp256r1, *seed);
}

std::string public_text(const EcdsaKey& key) { return to_base64(key.public_key().der()); }

int show_key(const WritingOptions& o) {
  const auto key = station_key(o.key);
  if (!key) return complain(wrong_input, key.error());
  std::cout << public_text(*key) << '\n';
  return done;
}

int serve(const WritingOptions& o) {
  const auto key = station_key(o.key);
  if (!key) return complain(wrong_input, key.error());
  const auto interval = parse_duration(o.interval);
  if (!interval || *interval > hours(24))
    return complain(wrong_input,
                    "--interval '" + o.interval + "': expected a duration up to 24h, like 60s");
  const auto listen = hil::parse_address(o.listen, true);
  if (!listen) return complain(wrong_input, listen.error());
  auto source = meter_source(o.source);
  if (!source) return complain(wrong_input, source.error());
  const auto service = hil::StationService::create(
      std::move(source->meter), {*key, o.serial, source->epoch, *interval, source->speed}, *listen);
  if (!service) return complain(failed, service.error());
  stop_on_signals();
  std::cout << "listening on " << hil::to_text((*service)->address()) << "\npublic key "
            << public_text(*key) << '\n';
  if (!stdout_is_written()) return failed;  // which is said at the end
  if (const auto ran = (*service)->run(stop_requested); !ran) return complain(failed, ran.error());
  return interrupted;  // nothing else ends it
}

// A reading of an export, or nothing where it is none.
std::optional<Reading> reading_in(const json& j, CivilTime epoch) {
  const auto number = [&](const char* key) -> std::optional<std::int64_t> {
    if (!j.is_object() || !j.contains(key) || !j[key].is_number_integer()) return std::nullopt;
    return j[key].get<std::int64_t>();
  };
  const auto import_mwh = number("import_mwh"), export_mwh = number("export_mwh"),
             sequence = number("sequence");
  if (!import_mwh || !export_mwh || !sequence || !j.contains("time") || !j["time"].is_string())
    return std::nullopt;
  const auto time = from_rfc3339(j["time"].get_ref<const std::string&>());
  if (!time) return std::nullopt;
  const Reading out{static_cast<std::uint32_t>(*sequence),
                    time->unix_ms - epoch.unix_ms,
                    {*import_mwh},
                    {*export_mwh},
                    0,
                    0};
  return encode(out) ? std::optional(out) : std::nullopt;
}

Result<CivilTime> time_asked(const std::string& option, const std::string& text,
                             CivilTime fallback) {
  if (text.empty()) return fallback;
  const auto time = from_rfc3339(text);
  if (!time) return failure(option + " " + text + ": wants an RFC 3339 time with its offset");
  return *time;
}

// The first and the last reading of the time asked for.
Result<OcmfTransaction> transaction_in(const json& exported, const WritingOptions& o) {
  const auto from = time_asked("--from", o.from, {INT64_MIN, 0});
  if (!from) return failure(from.error());
  const auto to = time_asked("--to", o.to, {INT64_MAX, 0});
  if (!to) return failure(to.error());
  const bool ours = exported.is_object() &&
                    exported.value("format", json()) == "aipchain export 1" &&
                    exported.contains("readings") && exported["readings"].is_array() &&
                    exported.contains("registration") && exported["registration"].is_object() &&
                    exported["registration"].value("meter", json()).is_number_unsigned() &&
                    exported["registration"].value("gateway", json()).is_number_unsigned();
  if (!ours) return failure("is no export with a registration (aipchain export)");
  OcmfTransaction out;
  std::optional<Reading> begin, end;
  for (const json& j : exported["readings"]) {
    const std::string* text =
        j.is_object() && j.contains("time") ? j["time"].get_ptr<const std::string*>() : nullptr;
    const auto time = text ? from_rfc3339(*text) : std::nullopt;
    if (time && !begin) out.epoch = *time;
    const auto r = reading_in(j, out.epoch);
    if (!r) return failure("holds a reading that is none: " + j.dump(-1, ' ', true).substr(0, 120));
    if (time->unix_ms < from->unix_ms || time->unix_ms > to->unix_ms) continue;
    if (!begin) begin = r;
    end = r;
  }
  if (!begin || begin->time_ms >= end->time_ms)
    return failure("holds no two readings of the time asked for");
  const json& registration = exported["registration"];
  out.gateway_id = out.meter_vendor = "aipchain";
  out.meter_model = "ledger";
  out.gateway_serial = std::to_string(registration["gateway"].get<std::uint64_t>());
  out.meter_serial = std::to_string(registration["meter"].get<std::uint64_t>());
  out.page = 1;
  out.begin = *begin;
  out.end = *end;
  return out;
}

int write(const WritingOptions& o) {
  const auto key = station_key(o.key);
  if (!key) return complain(wrong_input, key.error());
  const auto text = read_file(o.exported);
  if (!text) return complain(wrong_input, text.error());
  const auto transaction = transaction_in(json::parse(*text, nullptr, false), o);
  if (!transaction) return complain(wrong_input, o.exported + ": " + transaction.error());
  const auto record = write_ocmf(*transaction, *key);
  if (!record) return complain(wrong_input, o.exported + ": " + record.error());
  if (o.out.empty()) {
    std::cout << *record << '\n';
    return done;
  }
  std::ofstream file(o.out, std::ios::binary);
  file << *record << '\n';
  file.flush();
  return file ? done : complain(failed, o.out + ": cannot be written");
}

}  // namespace

void add_ocmf_writing(CLI::App& ocmf, std::function<int()>& chosen) {
  const auto o = std::make_shared<WritingOptions>();
  CLI::App* k = ocmf.add_subcommand("key", "the public key of a key file, as records are checked");
  k->add_option("FILE", o->key, "a key file (aipchain keys new)")->required();
  k->callback([o, &chosen] { chosen = [o] { return show_key(*o); }; });

  CLI::App* s = ocmf.add_subcommand(
      "serve", "a simulated charging station; prints where it listens and its public key");
  s->add_option("--listen", o->listen, "HOST:PORT, port 0 for any free one")->required();
  s->add_option("--key", o->key, "a key file (aipchain keys new) that signs")->required();
  s->add_option("--interval", o->interval, "between records, simulated (default: 60s)");
  s->add_option("--serial", o->serial, "of its meter (default: aipchain-1)");
  add_source_options(*s, o->source);
  s->callback([o, &chosen] { chosen = [o] { return serve(*o); }; });

  CLI::App* w = ocmf.add_subcommand(
      "write", "a signed record of the energy between two readings of a household's export");
  w->add_option("EXPORT", o->exported, "a file of aipchain export")->required();
  w->add_option("--key", o->key, "a key file (aipchain keys new) that signs")->required();
  w->add_option("--from", o->from, "RFC 3339: from the first reading at or behind it");
  w->add_option("--to", o->to, "RFC 3339: to the last reading at or before it");
  w->add_option("--out", o->out, "file to write (default: stdout)");
  w->callback([o, &chosen] { chosen = [o] { return write(*o); }; });
}

}  // namespace app
