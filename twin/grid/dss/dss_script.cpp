#include "twin/grid/dss/dss_script.hpp"

#include <algorithm>
#include <numbers>

#include "twin/grid/dss/dss_options.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr std::size_t max_redirects = 64;
constexpr std::size_t max_objects = 1'000'000;
constexpr std::size_t max_names_tried = 4'000'000;

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
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

std::string words_of(const DssPlace& place) {
  return (place.file ? *place.file : std::string("?")) + ":" + std::to_string(place.line);
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

// `stay`: later paths go on from the file's folder.
Result<void> DssScript::run_file(const std::string& path, bool stay) {
  if (std::find(open_files_.begin(), open_files_.end(), path) != open_files_.end())
    return refuse(path + " redirects to itself");
  if (open_files_.size() >= max_redirects) return refuse("more than 64 nested redirects");
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
    const std::string_view raw = dss_next_line(text);
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
    return refuse("command \"" + cut(first.value) + "\" is not supported");
  words.erase(words.begin());
  return (this->*command->act)(std::move(words));
}

Result<void> DssScript::look(std::vector<DssWord>) { return {}; }
Result<void> DssScript::not_supported(std::vector<DssWord>) { return refuse("is not supported"); }

// type.name.property=value, and more properties of the same object.
Result<void> DssScript::assign_by_path(const std::string& full_name, std::vector<DssWord> words) {
  const auto dot = full_name.rfind('.');
  if (dot == std::string::npos || full_name.find('.') == dot)
    return refuse("command \"" + cut(full_name) + "\" is not supported");
  DssObject* object = object_of(full_name.substr(0, dot));
  if (!object) return refuse(cut(full_name.substr(0, dot)) + " does not exist");
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
  if (!type) return refuse("object type \"" + cut(type_name) + "\" is not supported");
  if (name.empty()) return refuse("New " + type_name + " wants a name");
  if (objects_.size() >= max_objects) return refuse("more than 1,000,000 objects");
  if (!index_.emplace(type_name + "." + name, objects_.size()).second)
    return refuse(cut(type_name + "." + name) + " exists already");
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
  if (!object) return refuse(cut(type + "." + name) + " does not exist");
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
  if (!type) return refuse("object type \"" + cut(type_name) + "\" is not supported");
  const auto wanted = DssPattern::parse(pattern);
  if (!wanted) return refuse(wanted.error());
  for (DssObject& object : objects_) {
    if (++names_tried_ > max_names_tried) return refuse("BatchEdit tries too many names");
    if (object.type != type || !wanted->is_in(object.name)) continue;
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
    if (!kv || is_too_large(*kv) || !(*kv >= least_above_zero) ||
        (!line_to_line && w.name != "kvln"))
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
  return run_file(dss_path(folder_, words[0].value), false);
}
Result<void> DssScript::compile(std::vector<DssWord> words) {
  if (words.size() != 1) return refuse("compile wants one file");
  return run_file(dss_path(folder_, words[0].value), true);
}

Result<void> DssScript::bus_coordinates(std::vector<DssWord> words) {
  if (words.size() != 1) return refuse("buscoords wants one file");
  const std::string path = dss_path(folder_, words[0].value);
  const auto text = load_text(path);
  if (!text) return failure(text.error());
  std::string_view rest = *text;
  for (std::uint32_t number = 1; !rest.empty(); ++number) {
    const std::string here = path + ":" + std::to_string(number);
    const auto fields = dss_list(dss_next_line(rest));
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

}  // namespace twin
