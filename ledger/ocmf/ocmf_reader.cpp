#include "ledger/ocmf/ocmf_reader.hpp"

#include "ledger/ocmf/in_quotes.hpp"
#include "ledger/ocmf/json_value.hpp"

namespace ledger {
namespace {

using Kind = JsonValue::Kind;

// Reads an object's fields; the first that is wrong is kept, and then nothing more is read.
class Fields {
 public:
  Fields(const JsonValue& object, std::string where) : object_(object), where_(std::move(where)) {}

  // Makers write some texts as numbers: "FV":1.0, "CT":0.
  void text(std::string_view key, std::string& out) {
    const JsonValue* value = find(key);
    if (!value) return;
    if (value->kind != Kind::text && value->kind != Kind::number)
      return fail(key, "is " + std::string(name_of(value->kind)) + ", not a text");
    out = value->text;
  }
  void boolean(std::string_view key, std::optional<bool>& out) {
    const JsonValue* value = find(key);
    if (!value) return;
    if (value->kind != Kind::boolean)
      return fail(key, "is " + std::string(name_of(value->kind)) + ", not true or false");
    out = value->text == "true";
  }
  void texts(std::string_view key, std::vector<std::string>& out) {
    const JsonValue* value = find(key);
    if (!value) return;
    if (value->kind != Kind::list)
      return fail(key, "is " + std::string(name_of(value->kind)) + ", not a list of texts");
    for (const JsonValue& item : value->items) {
      if (item.kind != Kind::text)
        return fail(key, "holds " + std::string(name_of(item.kind)) + ", not only texts");
      out.push_back(item.text);
    }
  }
  const JsonValue* find(std::string_view key) const {
    return wrong_.empty() ? object_.find(key) : nullptr;
  }
  void fail(std::string_view key, const std::string& why) {
    if (wrong_.empty()) wrong_ = where_ + std::string(key) + " " + why;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const JsonValue& object_;
  std::string where_, wrong_;
};

std::string_view trimmed(std::string_view text, std::string_view white) {
  const auto first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

bool skip_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(end);
  return end > 0;
}

// A JSON number, or one with leading zeros, which meters write.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (!skip_digits(text)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!skip_digits(text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (!skip_digits(text)) return false;
  }
  return text.empty();
}

constexpr std::string_view time_form = "2018-07-24T13:22:04,000+0200 S";

// "2018-07-24T13:22:04,000+0200" is RFC 3339 but for a comma and a colon.
std::optional<CivilTime> read_time(std::string_view text) {
  if (text.size() != time_form.size() || text[10] != 'T' || text[19] != ',' || text[28] != ' ')
    return std::nullopt;
  std::string rfc3339(text.substr(0, 28));
  rfc3339[19] = '.';
  rfc3339.insert(26, ":");
  return from_rfc3339(rfc3339);
}

void read_time(Fields& fields, OcmfReading& out) {
  if (!fields.find("TM")) return;
  std::string text;
  fields.text("TM", text);
  const auto time = read_time(text);
  const char state = text.empty() ? ' ' : text.back();
  if (!time || std::string_view("UISR").find(state) == std::string_view::npos)
    return fields.fail("TM", "is " + in_quotes(text) + ", not like " + in_quotes(time_form) +
                                 " with U, I, S or R");
  out.time = *time;
  out.time_state = static_cast<OcmfTimeState>(state);
}

void read_value(Fields& fields, OcmfReading& out) {
  out.value.clear();
  std::string text;
  if (!fields.find("RV")) return;
  fields.text("RV", text);
  const std::string_view number = trimmed(text, " ");
  if (!is_number(number)) return fields.fail("RV", "is " + in_quotes(text) + ", not a number");
  out.value = number;
}

// `reading` is the one before, or the first one's defaults.
std::string read_reading(const JsonValue& value, const std::string& where, OcmfReading& reading) {
  if (value.kind != Kind::object)
    return where + " is " + std::string(name_of(value.kind)) + ", not an object";
  Fields fields(value, where + ".");
  read_time(fields, reading);
  read_value(fields, reading);
  for (const auto& [key, out] : {std::pair{"TX", &reading.transaction},
                                 {"RI", &reading.obis},
                                 {"RU", &reading.unit},
                                 {"RT", &reading.current_type},
                                 {"EF", &reading.error_flags},
                                 {"ST", &reading.meter_state}})
    fields.text(key, *out);
  return fields.wrong();
}

std::string read_readings(const JsonValue& payload, std::vector<OcmfReading>& out) {
  const JsonValue* list = payload.find("RD");
  if (!list || list->kind != Kind::list || list->items.empty())
    return "RD is missing or empty: a record has a list of at least one reading";
  if (list->items[0].kind == Kind::object && !list->items[0].find("TM"))
    return "RD[0].TM is missing: only later readings take it from the one before";
  OcmfReading reading;
  for (const JsonValue& item : list->items) {
    const std::string wrong = read_reading(item, "RD[" + std::to_string(out.size()) + "]", reading);
    if (!wrong.empty()) return wrong;
    out.push_back(reading);
  }
  return {};
}

std::string read_payload(const JsonValue& payload, OcmfRecord& out) {
  Fields fields(payload, "");
  for (const auto& [key, field] : {std::pair{"FV", &out.format_version},
                                   {"GI", &out.gateway_id},
                                   {"GS", &out.gateway_serial},
                                   {"GV", &out.gateway_version},
                                   {"PG", &out.pagination},
                                   {"MV", &out.meter_vendor},
                                   {"MM", &out.meter_model},
                                   {"MS", &out.meter_serial},
                                   {"MF", &out.meter_firmware},
                                   {"IL", &out.user_level},
                                   {"IT", &out.user_type},
                                   {"ID", &out.user_id},
                                   {"TT", &out.tariff},
                                   {"CT", &out.charge_point_type},
                                   {"CI", &out.charge_point_id}})
    fields.text(key, *field);
  fields.boolean("IS", out.user_assigned);
  fields.texts("IF", out.user_flags);
  return fields.wrong().empty() ? read_readings(payload, out.readings) : fields.wrong();
}

std::string read_signature(const JsonValue& object, OcmfSignature& out) {
  Fields fields(object, "");
  fields.text("SA", out.algorithm);
  fields.text("SE", out.encoding);
  fields.text("SM", out.mime_type);
  fields.text("SD", out.data);
  if (!object.find("SD")) fields.fail("SD", "is missing: it holds the signature");
  return fields.wrong();
}

// Where the payload ends: at the first bar outside of JSON's texts.
std::size_t end_of_payload(std::string_view text) {
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_text && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      in_text = !in_text;
    else if (text[i] == '|' && !in_text)
      return i;
  }
  return std::string_view::npos;
}

Result<JsonValue> parse_object(std::string_view text, const std::string& name) {
  auto value = parse_json(text, max_ocmf_depth);
  if (!value) return failure(name + ": " + value.error());
  if (value->kind != Kind::object)
    return failure(name + ": is " + std::string(name_of(value->kind)) + ", not an object");
  return value;
}

}  // namespace

Result<OcmfRecord> read_ocmf(std::string_view text) {
  constexpr std::string_view head = "OCMF|";
  if (text.size() > max_ocmf_bytes)
    return failure("is " + std::to_string(text.size()) + " bytes long; " +
                   std::to_string(max_ocmf_bytes) + " are allowed");
  if (!text.starts_with(head))
    return failure("begins with " + in_quotes(text.substr(0, 8)) + ", not with \"OCMF|\"");
  const std::string_view rest = text.substr(head.size());
  const std::size_t end = end_of_payload(rest);
  if (end == std::string_view::npos)
    return failure("has no bar behind its payload: it is OCMF|{payload}|{signature}");
  OcmfRecord out;
  out.text = text;
  out.payload = rest.substr(0, end);
  const auto payload = parse_object(out.payload, "payload");
  if (!payload) return failure(payload.error());
  const auto signature = parse_object(rest.substr(end + 1), "signature");
  if (!signature) return failure(signature.error());
  if (const auto wrong = read_payload(*payload, out); !wrong.empty())
    return failure("payload: " + wrong);
  if (const auto wrong = read_signature(*signature, out.signature); !wrong.empty())
    return failure("signature: " + wrong);
  return out;
}

}  // namespace ledger
