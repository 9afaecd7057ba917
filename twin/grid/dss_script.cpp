#include "twin/grid/dss_script.hpp"

#include <algorithm>
#include <numbers>

#include "twin/grid/dss_options.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr std::size_t max_depth = 64;
constexpr std::size_t max_files = 20'000;
constexpr std::size_t max_total_bytes = 64u << 20;
constexpr std::size_t max_objects = 1'000'000;
constexpr std::size_t max_said = 4'000'000;
constexpr std::size_t max_value_bytes = 256u << 20;
constexpr std::size_t max_names_tried = 20'000'000;

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string joined(const std::string& folder, std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  return !name.empty() && name[0] == '/' ? name : folder + name;
}

// Takes the first line off a text, without its end.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool begins_block_comment(std::string_view line) { return line.starts_with("/*"); }
bool ends_block_comment(std::string_view line) { return line.find("*/") != std::string_view::npos; }

struct FullName {
  std::string type, name;
};
FullName split_name(const std::string& full) {
  const std::string l = lower_case(full);
  const auto dot = l.find('.');
  if (dot == std::string::npos) return {l, ""};
  return {l.substr(0, dot), l.substr(dot + 1)};
}

}  // namespace

struct DssScript::Command {
  std::string_view name;
  Done (DssScript::*act)(std::vector<DssWord> words);
};

// In OpenDSS's own order, which decides what a shortened name means.
const std::vector<DssScript::Command>& DssScript::commands() {
  using S = DssScript;
  static const std::vector<Command> all{
      {"new", &S::create},
      {"edit", &S::edit},
      {"more", &S::more},
      {"m", &S::more},
      {"~", &S::more},
      {"select", &S::select},
      {"save", &S::look},
      {"show", &S::look},
      {"solve", &S::look},
      {"enable", &S::enable},
      {"disable", &S::disable},
      {"plot", &S::look},
      {"reset", &S::look},
      {"compile", &S::compile},
      {"set", &S::set},
      {"dump", &S::look},
      {"open", &S::open},
      {"close", &S::close},
      {"redirect", &S::redirect},
      {"help", &S::look},
      {"quit", &S::not_supported},
      {"?", &S::look},
      {"sample", &S::look},
      {"clear", &S::clear},
      {"about", &S::look},
      {"calcvoltagebases", &S::look},
      {"setkvbase", &S::set_kv_base},
      {"buildy", &S::look},
      {"get", &S::look},
      {"init", &S::look},
      {"export", &S::look},
      {"fileedit", &S::look},
      {"voltages", &S::look},
      {"currents", &S::look},
      {"powers", &S::look},
      {"seqvoltages", &S::look},
      {"seqcurrents", &S::look},
      {"seqpowers", &S::look},
      {"losses", &S::look},
      {"phaselosses", &S::look},
      {"cktlosses", &S::look},
      {"allocateloads", &S::not_supported},
      {"formedit", &S::look},
      {"totals", &S::look},
      {"capacity", &S::not_supported},
      {"classes", &S::look},
      {"userclasses", &S::look},
      {"zsc", &S::look},
      {"zsc10", &S::look},
      {"zscrefresh", &S::look},
      {"ysc", &S::look},
      {"puvoltages", &S::look},
      {"varvalues", &S::look},
      {"varnames", &S::look},
      {"buscoords", &S::bus_coordinates},
      {"makebuslist", &S::look},
      {"makeposseq", &S::not_supported},
      {"reduce", &S::not_supported},
      {"interpolate", &S::look},
      {"alignfile", &S::look},
      {"top", &S::look},
      {"rotate", &S::look},
      {"vdiff", &S::look},
      {"summary", &S::look},
      {"distribute", &S::not_supported},
      {"di_plot", &S::look},
      {"comparecases", &S::look},
      {"yearlycurves", &S::look},
      {"cd", &S::not_supported},
      {"visualize", &S::look},
      {"closedi", &S::look},
      {"doscmd", &S::not_supported},
      {"estimate", &S::not_supported},
      {"reconductor", &S::not_supported},
      {"addbusmarker", &S::look},
      {"setloadandgenkv", &S::not_supported},
      {"nodediff", &S::look},
      {"rephase", &S::not_supported},
      {"setbusxy", &S::set_bus_xy},
      {"updatestorage", &S::not_supported},
      {"obfuscate", &S::not_supported},
      {"latlongcoords", &S::bus_coordinates},
      {"batchedit", &S::batch_edit},
      {"variable", &S::look},
      {"clearbusmarkers", &S::look},
      {"relcalc", &S::look},
      {"var", &S::not_supported},
      {"nodelist", &S::look},
      {"clearall", &S::clear},
  };
  return all;
}

const DssScript::Command* DssScript::command_named(const std::string& name) {
  const Command* beginning = nullptr;
  for (const Command& each : commands()) {
    if (each.name == name) return &each;
    if (!beginning && each.name.starts_with(name)) beginning = &each;
  }
  return beginning;
}

std::string words_of(const DssPlace& place) {
  return (place.file ? *place.file : std::string("?")) + ":" + std::to_string(place.line);
}

const DssValue* DssObject::get(std::string_view property) const {
  for (auto at = said.rbegin(); at != said.rend(); ++at)
    if (type->properties[at->first].name == property) return at->second;
  return nullptr;
}

const DssObject* DssScript::find(const std::string& full_name) const {
  const auto at = index_.find(full_name);
  return at == index_.end() ? nullptr : &objects_[at->second];
}
DssObject* DssScript::object_of(const std::string& full_name) {
  const auto at = index_.find(full_name);
  return at == index_.end() ? nullptr : &objects_[at->second];
}
const DssValue* DssScript::option(const std::string& name) const {
  const auto at = options_.find(name);
  return at == options_.end() ? nullptr : &at->second;
}

tl::unexpected<std::string> DssScript::refuse(const std::string& what) const {
  return failure(here_.file ? words_of(here_) + ": " + what : what);
}

Result<void> DssScript::run(const std::string& path) { return run_file(path, false); }

Result<std::string> DssScript::load_text(const std::string& name) {
  if (++files_read_ > max_files) return refuse("more than 20,000 files");
  auto text = load_(name);
  if (!text) return refuse(text.error());
  total_bytes_ += text->size();
  if (total_bytes_ > max_total_bytes) return refuse("more than 64 MiB in all");
  return std::move(*text);
}

// `stay`: later paths go on from the file's folder.
Result<void> DssScript::run_file(const std::string& path, bool stay) {
  if (std::find(open_files_.begin(), open_files_.end(), path) != open_files_.end())
    return refuse(path + " redirects to itself");
  if (open_files_.size() >= max_depth) return refuse("more than 64 nested redirects");
  const auto text = load_text(path);
  if (!text) return failure(text.error());
  open_files_.push_back(path);
  const std::string folder = folder_;
  const DssPlace here = here_;
  folder_ = folder_of(path);
  const auto ran = run_text(*text, path);
  if (!ran) return ran;
  here_ = here;
  if (!stay) folder_ = folder;
  open_files_.pop_back();
  return {};
}

Result<void> DssScript::run_text(std::string_view text, const std::string& path) {
  const std::string& file = files_.emplace_back(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  bool in_block_comment = false;
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view raw = next_line(text);
    in_block_comment = in_block_comment || begins_block_comment(raw);
    if (in_block_comment) {
      in_block_comment = !ends_block_comment(raw);
      continue;
    }
    here_ = {&file, number};
    if (auto ok = line(raw); !ok) return ok;
  }
  return {};
}

Result<void> DssScript::line(std::string_view text) {
  auto found = dss_words(text);
  if (!found) return refuse(found.error());
  std::vector<DssWord>& words = *found;
  if (words.empty()) return {};
  DssWord& first = words.front();
  // "~kv=1" without a blank after the tilde.
  std::string& head = first.name.empty() ? first.value : first.name;
  if (head.size() > 1 && head[0] == '~') {
    head.erase(0, 1);
    return more(std::move(words));
  }
  if (!first.name.empty()) {
    const std::string name = first.name;
    return assign_by_path(name, std::move(words));
  }
  const std::string name = lower_case(first.value);
  const Command* command = command_named(name);
  if (!command || command->act == &DssScript::not_supported)
    return refuse("command \"" + first.value + "\" is not supported");
  words.erase(words.begin());
  return (this->*command->act)(std::move(words));
}

Result<void> DssScript::look(std::vector<DssWord>) { return {}; }
Result<void> DssScript::not_supported(std::vector<DssWord>) { return refuse("is not supported"); }

// type.name.property=value, and more properties of the same object.
Result<void> DssScript::assign_by_path(const std::string& full_name, std::vector<DssWord> words) {
  const auto dot = full_name.rfind('.');
  if (dot == std::string::npos || full_name.find('.') == dot)
    return refuse("command \"" + full_name + "\" is not supported");
  DssObject* object = object_of(full_name.substr(0, dot));
  if (!object) return refuse(full_name.substr(0, dot) + " does not exist");
  last_ = object;
  words.front().name = full_name.substr(dot + 1);
  return assign(*object, words, 0);
}

Result<void> DssScript::clear(std::vector<DssWord>) {
  objects_.clear();
  index_.clear();
  coordinates.clear();
  base_ln_v.clear();
  last_ = nullptr;
  total_said_ = 0;
  std::erase_if(options_, [](const auto& o) { return o.first != "defaultbasefrequency"; });
  return {};
}

Result<void> DssScript::create(std::vector<DssWord> words) {
  if (words.empty() || (!words[0].name.empty() && words[0].name != "object"))
    return refuse("New wants an object");
  auto [type_name, name] = split_name(words[0].value);
  if (type_name == "circuit") {  // its source is vsource.source
    type_name = "vsource";
    name = "source";
  }
  const DssClass* type = dss_class(type_name);
  if (!type) return refuse("object type \"" + type_name + "\" is not supported");
  if (name.empty()) return refuse("New " + type_name + " wants a name");
  if (objects_.size() >= max_objects) return refuse("more than 1,000,000 objects");
  if (!index_.emplace(type_name + "." + name, objects_.size()).second)
    return refuse(type_name + "." + name + " exists already");
  last_ = &objects_.emplace_back();
  last_->type = type;
  last_->name = name;
  last_->place = here_;
  // A line takes the earth model that holds when it is made.
  if (const DssValue* earth = option("earthmodel"); earth && type_name == "line")
    last_->said.emplace_back(static_cast<std::uint16_t>(*type->find("earthmodel")),
                             &values_.emplace_back(*earth));
  return assign(*last_, words, 1);
}

Result<DssObject*> DssScript::object_named(const std::vector<DssWord>& words,
                                           const std::string& command) {
  if (words.empty() || (!words[0].name.empty() && words[0].name != "object"))
    return refuse(command + " wants an object");
  const auto [type, name] = split_name(words[0].value);
  DssObject* object = object_of(type == "circuit" ? "vsource.source" : type + "." + name);
  if (!object) return refuse(type + "." + name + " does not exist");
  return object;
}

Result<void> DssScript::edit(std::vector<DssWord> words) {
  const auto object = object_named(words, "Edit");
  if (!object) return failure(object.error());
  last_ = *object;
  return assign(*last_, words, 1);
}

Result<void> DssScript::more(std::vector<DssWord> words) {
  if (!last_) return refuse("nothing to go on with");
  return assign(*last_, words, 0);
}

Result<void> DssScript::select(std::vector<DssWord> words) {
  const auto object = object_named(words, "Select");
  if (!object) return failure(object.error());
  last_ = *object;
  return {};
}

Result<void> DssScript::batch_edit(std::vector<DssWord> words) {
  if (words.empty()) return refuse("BatchEdit wants a pattern");
  const auto [type_name, pattern] = split_name(words[0].value);
  const DssClass* type = dss_class(type_name);
  if (!type) return refuse("object type \"" + type_name + "\" is not supported");
  for (DssObject& object : objects_) {
    if (++names_tried_ > max_names_tried) return refuse("BatchEdit tries too many names");
    if (object.type != type) continue;
    const auto matches = dss_matches(pattern, object.name);
    if (!matches) return refuse(matches.error());
    if (!*matches) continue;
    if (auto ok = assign(object, words, 1); !ok) return ok;
  }
  return {};
}

Result<void> DssScript::enable(std::vector<DssWord> words) {
  const auto object = object_named(words, "Enable");
  if (!object) return failure(object.error());
  (*object)->enabled = true;
  return {};
}
Result<void> DssScript::disable(std::vector<DssWord> words) {
  const auto object = object_named(words, "Disable");
  if (!object) return failure(object.error());
  (*object)->enabled = false;
  return {};
}

Result<void> DssScript::open(std::vector<DssWord> words) { return switch_end(std::move(words), 1); }
Result<void> DssScript::close(std::vector<DssWord> words) {
  return switch_end(std::move(words), 0);
}

Result<void> DssScript::switch_end(std::vector<DssWord> words, bool opened) {
  const auto object = object_named(words, opened ? "Open" : "Close");
  if (!object) return failure(object.error());
  const std::string type((*object)->type->name);
  if (type != "line" && type != "transformer")
    return refuse("only lines and transformers can be opened and closed, not " + type);
  double terminal = 1, conductor = 0;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto value = dss_number(words[i].value);
    if (!value) return refuse("Open and Close: " + value.error());
    const bool is_conductor = words[i].name.starts_with("c") || i == 2;
    (is_conductor ? conductor : terminal) = *value;
  }
  if (terminal != 1 && terminal != 2) return refuse("terminal wants 1 or 2");
  if (conductor != 0) return refuse("single conductors cannot be opened or closed");
  (*object)->open_ends.resize(2);
  (*object)->open_ends[static_cast<std::size_t>(terminal) - 1] = opened;
  return {};
}

Result<void> DssScript::set(std::vector<DssWord> words) {
  for (const DssWord& w : words) {
    const auto option = dss_option(w.name, w.value);
    if (!option) return refuse(option.error());
    options_[*option] = {w.value, here_};
  }
  return {};
}

Result<void> DssScript::set_kv_base(std::vector<DssWord> words) {
  std::string bus;
  double line_to_neutral_v = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const DssWord& w = words[i];
    if (w.name == "bus" || (w.name.empty() && i == 0)) {
      bus = lower_case(w.value);
      continue;
    }
    const bool line_to_line = w.name == "kvll" || (w.name.empty() && i == 1);
    const auto kv = dss_number(w.value);
    if (!kv || !(*kv > 0) || (!line_to_line && w.name != "kvln"))
      return refuse("SetkVBase wants a bus and its kVLL or kVLN above zero");
    line_to_neutral_v = *kv * 1000 / (line_to_line ? std::numbers::sqrt3 : 1);
  }
  if (bus.empty() || line_to_neutral_v == 0)
    return refuse("SetkVBase wants a bus and its kVLL or kVLN above zero");
  base_ln_v[bus] = line_to_neutral_v;
  return {};
}

Result<void> DssScript::redirect(std::vector<DssWord> words) {
  if (words.size() != 1) return refuse("redirect wants one file");
  return run_file(joined(folder_, words[0].value), false);
}
Result<void> DssScript::compile(std::vector<DssWord> words) {
  if (words.size() != 1) return refuse("compile wants one file");
  return run_file(joined(folder_, words[0].value), true);
}

Result<void> DssScript::bus_coordinates(std::vector<DssWord> words) {
  if (words.size() != 1) return refuse("buscoords wants one file");
  const std::string path = joined(folder_, words[0].value);
  const auto text = load_text(path);
  if (!text) return failure(text.error());
  std::string_view rest = *text;
  for (std::uint32_t number = 1; !rest.empty(); ++number) {
    const std::string here = path + ":" + std::to_string(number);
    const auto fields = dss_list(next_line(rest));
    if (!fields) return failure(here + ": " + fields.error());
    if (fields->empty()) continue;
    if (fields->size() != 3) return failure(here + ": wants bus, x, y");
    const auto x = dss_number((*fields)[1]), y = dss_number((*fields)[2]);
    if (!x || !y) return failure(here + ": wants bus, x, y");
    coordinates[lower_case((*fields)[0])] = {*x, *y};
  }
  return {};
}

Result<void> DssScript::set_bus_xy(std::vector<DssWord> words) {
  if (words.size() != 3) return refuse("SetBusXY wants bus, x, y");
  const auto x = dss_number(words[1].value), y = dss_number(words[2].value);
  if (!x || !y) return refuse("SetBusXY wants bus, x, y");
  coordinates[lower_case(words[0].value)] = {*x, *y};
  return {};
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
      if (!found) return refuse(object.full_name() + " has no property \"" + w.name + "\"");
      property = *found;
    } else if (property >= object.type->properties.size()) {
      return refuse(object.full_name() + ": no property is left for \"" + w.value + "\"");
    }
    next = property + 1;
    const auto [name, meaning] = object.type->properties[property];
    if (meaning == DssMeaning::unneeded) continue;
    if (meaning == DssMeaning::unsupported)
      return refuse(object.full_name() + ": property \"" + std::string(name) +
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
      if (!on) return refuse(object.full_name() + ": enabled " + on.error());
      object.enabled = *on;
    }
  }
  return {};
}

Result<void> DssScript::be_like(DssObject& object, const std::string& name) {
  const DssObject* other = find(std::string(object.type->name) + "." + lower_case(name));
  if (!other || other == &object)
    return refuse(object.full_name() + ": there is no other \"" + name + "\" to be like");
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
    return refuse(object.full_name() + ": binary files are not supported");
  } else if (object.type->name == "loadshape" && property == "csvfile") {
    auto all = load_text(joined(folder_, text));
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
      return refuse("(file=" + name + " ...): \"" + w.name + w.value + "\" is not known");
    }
  }
  const auto text = load_text(joined(folder_, name));
  if (!text) return failure(text.error());
  std::string out;
  std::string_view rest = *text;
  for (bool first = true; !rest.empty(); first = false) {
    const std::string_view row = next_line(rest);
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
