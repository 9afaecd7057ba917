// DssScript: what is said of objects, and values that stand in files of their own.

#include <algorithm>

#include "twin/grid/dss/dss_script.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr std::size_t max_files = 20'000;
constexpr std::size_t max_total_bytes = 64u << 20;
constexpr std::size_t max_said = 4'000'000;
constexpr std::size_t max_value_bytes = 256u << 20;

}  // namespace

std::string dss_path(const std::string& folder, std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  return !name.empty() && name[0] == '/' ? name : folder + name;
}

std::string_view dss_next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<std::string> DssScript::load_text(const std::string& name) {
  if (++files_read_ > max_files) return refuse("more than 20,000 files");
  auto text = load_(name);
  if (!text) return refuse(text.error());
  total_bytes_ += text->size();
  if (total_bytes_ > max_total_bytes) return refuse("more than 64 MiB in all");
  return std::move(*text);
}

// Properties from the word `first` on.
Result<void> DssScript::assign(DssObject& object, const std::vector<DssWord>& words,
                               std::size_t first) {
  if (object.type->unneeded) return {};
  std::size_t next = 0;  // the property that a value without a name belongs to
  for (std::size_t i = first; i < words.size(); ++i) {
    const DssWord& w = words[i];
    std::size_t property = next;
    if (!w.name.empty()) {
      const auto found = object.type->find(w.name);
      if (!found)
        return refuse(cut(object.full_name()) + " has no property \"" + cut(w.name) + "\"");
      property = *found;
    } else if (property >= object.type->properties.size()) {
      return refuse(cut(object.full_name()) + ": no property is left for \"" + cut(w.value) + "\"");
    }
    next = property + 1;
    const auto [name, meaning] = object.type->properties[property];
    if (meaning == DssMeaning::unneeded) continue;
    if (meaning == DssMeaning::unsupported)
      return refuse(cut(object.full_name()) + ": property \"" + std::string(name) +
                    "\" is not supported");
    if (++total_said_ > max_said) return refuse("more than 4,000,000 property values");
    if (name == "like") {
      if (auto ok = be_like(object, w.value); !ok) return ok;
      continue;
    }
    const auto value = value_of(object, std::string(name), w);
    if (!value) return failure(value.error());
    object.said.emplace_back(static_cast<std::uint16_t>(property), *value);
    if (name == "enabled") {
      const auto on = dss_flag(w.value);
      if (!on) return refuse(cut(object.full_name()) + ": enabled " + on.error());
      object.enabled = *on;
    }
  }
  return {};
}

Result<void> DssScript::be_like(DssObject& object, const std::string& name) {
  const DssObject* other = find(std::string(object.type->name) + "." + lower_case(name));
  if (!other || other == &object)
    return refuse(cut(object.full_name()) + ": there is no other \"" + cut(name) + "\" to be like");
  total_said_ += other->said.size();
  if (total_said_ > max_said) return refuse("more than 4,000,000 property values");
  object.said.insert(object.said.end(), other->said.begin(), other->said.end());
  return {};
}

// Values that stand in files are read where they are named.
Result<const DssValue*> DssScript::value_of(const DssObject& object, const std::string& property,
                                            const DssWord& word) {
  std::string text = word.value;
  const std::string l = lower_case(text.substr(0, 64));
  const std::size_t begin = std::min(l.find_first_not_of(' '), l.size());
  if (l.compare(begin, 5, "file=") == 0) {
    auto column = column_of(text);
    if (!column) return failure(column.error());
    text = std::move(*column);
  } else if (l.compare(begin, 8, "sngfile=") == 0 || l.compare(begin, 8, "dblfile=") == 0) {
    return refuse(cut(object.full_name()) + ": binary files are not supported");
  } else if (object.type->name == "loadshape" && property == "csvfile") {
    auto all = load_text(dss_path(folder_, text));
    if (!all) return failure(all.error());
    text = std::move(*all);
  }
  value_bytes_ += text.size();
  if (value_bytes_ > max_value_bytes) return refuse("more than 256 MiB of property values");
  return &values_.emplace_back(DssValue{std::move(text), here_});
}

// "file=name, col=2, header=yes": one column of a file of numbers.
Result<std::string> DssScript::column_of(const std::string& file_words) {
  const auto words = dss_words(file_words);
  if (!words) return refuse(words.error());
  std::string name;
  std::size_t column = 1;
  bool header = false;
  for (const DssWord& w : *words) {
    if (w.name == "file") {
      name = w.value;
    } else if (std::string_view("column").starts_with(w.name) && w.name.size() > 1) {
      const auto n = dss_number(w.value);
      if (!n || !(*n >= 1 && *n <= 1000)) return refuse("column wants a number from 1 on");
      column = static_cast<std::size_t>(*n);
    } else if (std::string_view("header").starts_with(w.name) && !w.name.empty()) {
      const auto flag = dss_flag(w.value);
      if (!flag) return refuse("header " + flag.error());
      header = *flag;
    } else {
      return refuse("(file=" + name + " ...): \"" + cut(w.name + w.value) + "\" is not known");
    }
  }
  const auto text = load_text(dss_path(folder_, name));
  if (!text) return failure(text.error());
  std::string out;
  std::string_view rest = *text;
  for (bool first = true; !rest.empty(); first = false) {
    const std::string_view row = dss_next_line(rest);
    if (first && header) continue;
    const auto fields = dss_list(row);
    if (!fields) return refuse(name + ": " + fields.error());
    if (fields->empty()) continue;
    if (fields->size() < column) return refuse(name + ": a row has fewer columns than asked for");
    out += (*fields)[column - 1];
    out += ' ';
  }
  return out;
}

}  // namespace twin
