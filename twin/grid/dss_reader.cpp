#include "twin/grid/dss_reader.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <span>

#include "twin/grid/phase_matrix.hpp"
#include "twin/grid/two_port.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr int max_depth = 64;
constexpr std::size_t max_total_bytes = 64u << 20;
constexpr std::size_t max_objects = 2'000'000;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

struct Word {
  std::string name;  // empty: by position
  std::string value;
};

// What a script says of one object: its properties in order, and where each stands.
struct Property {
  std::string value, where;
};
struct Object {
  std::string type, name, where;
  std::map<std::string, Property> properties;
};

// A failure that ends the reading; carried as a value by every step.
using Done = Result<void>;

class Script {
 public:
  explicit Script(const LoadFile& load) : load_(load) {}
  Done run(const std::string& path, int depth);

  std::vector<Object> objects;
  std::map<std::string, std::pair<double, double>> coordinates;  // by bus
  double frequency_hz = 60;                                      // OpenDSS's own default

 private:
  Done line(std::string_view text, const std::string& where, const std::string& folder, int depth);
  Result<std::vector<Word>> words(std::string_view text, const std::string& where) const;
  Done set(const std::vector<Word>& words, const std::string& where);
  Done create(const std::vector<Word>& words, const std::string& where);
  Done edit(const std::vector<Word>& words, const std::string& where);
  Done batch_edit(const std::vector<Word>& words, const std::string& where);
  Done assign(Object& object, std::span<const Word> words, const std::string& where);
  Done read_coordinates(const std::string& path, const std::string& where);
  Result<std::string> load_text(const std::string& path, const std::string& where);
  Result<std::string> inline_files(const std::string& value, const std::string& where);
  Object* find(const std::string& type, const std::string& name);

  const LoadFile& load_;
  std::string folder_;
  std::map<std::string, std::size_t> index_;
  std::size_t last_ = SIZE_MAX, total_bytes_ = 0;
};

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of("/\\");
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string joined(const std::string& folder, std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  return !name.empty() && name[0] == '/' ? name : folder + name;
}

char closing(char open) {
  switch (open) {
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    case '"':
      return '"';
    case '\'':
      return '\'';
    default:
      return 0;
  }
}

// Where a comment begins; quotes protect it.
std::string_view without_comment(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    } else if (text[i] == '!' || (text[i] == '/' && i + 1 < text.size() && text[i + 1] == '/')) {
      return text.substr(0, i);
    }
  }
  return text;
}

Result<std::string> Script::load_text(const std::string& path, const std::string& where) {
  auto text = load_(path);
  if (!text) return failure((where.empty() ? "" : where + ": ") + text.error());
  total_bytes_ += text->size();
  if (total_bytes_ > max_total_bytes) return failure(path + ": more than 64 MiB in all");
  return std::move(*text);
}

Done Script::run(const std::string& path, int depth) {
  if (depth > max_depth)
    return failure(path + ": more than 64 nested redirects (does it redirect to itself?)");
  auto text = load_text(path, "");
  if (!text) return failure(text.error());
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view raw = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (raw.ends_with('\r')) raw.remove_suffix(1);
    const std::string where = path + ":" + std::to_string(number);
    if (auto ok = line(without_comment(raw), where, folder_of(path), depth); !ok) return ok;
  }
  return {};
}

Result<std::vector<Word>> Script::words(std::string_view text, const std::string& where) const {
  std::vector<Word> out;
  std::size_t i = 0;
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == ','; };
  const auto take = [&]() -> Result<std::string> {
    std::string value;
    if (i < text.size() && closing(text[i])) {
      const char close = closing(text[i]);
      const std::size_t end = text.find(close, i + 1);
      if (end == std::string_view::npos)
        return failure(where + ": '" + text[i] + "' is not closed by '" + close + "'");
      value = text.substr(i + 1, end - i - 1);
      i = end + 1;
    } else {
      while (i < text.size() && !blank(text[i]) && text[i] != '=') value += text[i++];
    }
    return value;
  };
  while (true) {
    while (i < text.size() && blank(text[i])) ++i;
    if (i >= text.size()) return out;
    auto first = take();
    if (!first) return failure(first.error());
    std::size_t k = i;
    while (k < text.size() && (text[k] == ' ' || text[k] == '\t')) ++k;
    if (k < text.size() && text[k] == '=') {
      i = k + 1;
      while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) ++i;
      auto value = take();
      if (!value) return failure(value.error());
      out.push_back({lower(*first), *value});
    } else {
      out.push_back({"", *first});
    }
  }
}

Done Script::line(std::string_view text, const std::string& where, const std::string& folder,
                  int depth) {
  auto found = words(text, where);
  if (!found) return failure(found.error());
  if (found->empty()) return {};
  folder_ = folder;
  std::vector<Word>& w = *found;
  std::string command = lower(w[0].value);
  if (w[0].name.empty() && !w[0].value.empty() && w[0].value[0] == '~') {
    command = "more";
    if (w[0].value.size() > 1) w.insert(w.begin() + 1, Word{"", w[0].value.substr(1)});
  }
  const std::vector<Word> rest(w.begin() + 1, w.end());
  if (command == "clear" || command == "solve" || command == "calcvoltagebases" ||
      command == "calcv")
    return {};
  if (command == "set") return set(rest, where);
  if (command == "new") return create(rest, where);
  if (command == "edit") return edit(rest, where);
  if (command == "batchedit") return batch_edit(rest, where);
  if (command == "more" || command == "m") {
    if (last_ == SIZE_MAX) return failure(where + ": nothing to go on with");
    return assign(objects[last_], rest, where);
  }
  if ((command == "redirect" || command == "compile" || command == "buscoords") && rest.size() != 1)
    return failure(where + ": " + command + " wants one file");
  if (command == "redirect" || command == "compile")
    return run(joined(folder, rest[0].value), depth + 1);
  if (command == "buscoords") return read_coordinates(joined(folder, rest[0].value), where);
  return failure(where + ": command \"" + w[0].value + "\" is not supported");
}

Done Script::set(const std::vector<Word>& words, const std::string& where) {
  for (const Word& w : words) {
    if (w.name == "defaultbasefrequency") {
      const char* end = w.value.data() + w.value.size();
      if (std::from_chars(w.value.data(), end, frequency_hz).ptr != end || !(frequency_hz > 0))
        return failure(where + ": DefaultBaseFrequency wants a number above zero");
    } else if (w.name != "voltagebases") {  // which nominal voltages give anyway
      return failure(where + ": option \"" + w.name + "\" of Set is not supported");
    }
  }
  return {};
}

Object* Script::find(const std::string& type, const std::string& name) {
  const auto at = index_.find(type + "." + name);
  return at == index_.end() ? nullptr : &objects[at->second];
}

// Splits "Type.name".
std::pair<std::string, std::string> type_and_name(const std::string& full) {
  const std::string l = lower(full);
  const auto dot = l.find('.');
  return dot == std::string::npos ? std::pair{l, std::string()}
                                  : std::pair{l.substr(0, dot), l.substr(dot + 1)};
}

Done Script::create(const std::vector<Word>& words, const std::string& where) {
  static const std::set<std::string> known{"circuit", "vsource",     "linecode",
                                           "line",    "loadshape",   "load",
                                           "monitor", "energymeter", "transformer"};
  if (words.empty()) return failure(where + ": New wants an object");
  auto [type, name] = type_and_name(words[0].value);
  if (!known.contains(type))
    return failure(where + ": object type \"" + type + "\" is not supported");
  if (objects.size() >= max_objects) return failure(where + ": more than 2,000,000 objects");
  if (type == "circuit") {  // its source is Vsource.Source
    type = "vsource";
    name = "source";
  }
  if (!index_.emplace(type + "." + name, objects.size()).second)
    return failure(where + ": " + type + "." + name + " exists already");
  last_ = objects.size();
  objects.push_back({type, name, where, {}});
  return assign(objects.back(), std::span(words).subspan(1), where);
}

Done Script::edit(const std::vector<Word>& words, const std::string& where) {
  if (words.empty()) return failure(where + ": Edit wants an object");
  const auto [type, name] = type_and_name(words[0].value);
  Object* object = find(type, name);
  if (!object) return failure(where + ": " + type + "." + name + " does not exist");
  last_ = static_cast<std::size_t>(object - objects.data());
  return assign(*object, std::span(words).subspan(1), where);
}

Done Script::batch_edit(const std::vector<Word>& words, const std::string& where) {
  if (words.empty()) return failure(where + ": BatchEdit wants a pattern");
  const auto [type, pattern] = type_and_name(words[0].value);
  if (pattern != ".*" && pattern != "..*")
    return failure(where +
                   ": BatchEdit is supported for all objects of a type (\"..*\"), found \"" +
                   pattern + "\"");
  for (Object& object : objects)
    if (object.type == type)
      if (auto ok = assign(object, std::span(words).subspan(1), where); !ok) return ok;
  return {};
}

Done Script::assign(Object& object, std::span<const Word> words, const std::string& where) {
  const bool instrument = object.type == "monitor" || object.type == "energymeter";
  for (const Word& w : words) {
    if (instrument) continue;
    if (w.name.empty())
      return failure(where + ": \"" + w.value + "\": a property is written name=value");
    auto value = inline_files(w.value, where);
    if (!value) return failure(value.error());
    object.properties[w.name] = {*value, where};
  }
  return {};
}

// "(file=name)" stands for the numbers in that file.
Result<std::string> Script::inline_files(const std::string& value, const std::string& where) {
  const std::string l = lower(value);
  const auto at = l.find("file=");
  if (at == std::string::npos) return value;
  std::string name = value.substr(at + 5);
  while (!name.empty() && (name.back() == ' ' || name.back() == ')')) name.pop_back();
  return load_text(joined(folder_, name), where);
}

Done Script::read_coordinates(const std::string& path, const std::string& where) {
  auto text = load_text(path, where);
  if (!text) return failure(text.error());
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view raw = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (raw.ends_with('\r')) raw.remove_suffix(1);
    const std::string here = path + ":" + std::to_string(number);
    const auto fields = words(without_comment(raw), here);
    if (!fields) return failure(fields.error());
    if (fields->empty()) continue;
    double x = 0, y = 0;
    const auto number_of = [](const std::string& s, double& out) {
      return std::from_chars(s.data(), s.data() + s.size(), out).ptr == s.data() + s.size();
    };
    if (fields->size() != 3 || !number_of((*fields)[1].value, x) ||
        !number_of((*fields)[2].value, y))
      return failure(here + ": wants bus, x, y");
    coordinates[lower((*fields)[0].value)] = {x, y};
  }
  return {};
}

// Turns objects into a network. The first wrong property ends it; `problem` holds it.
class Builder {
 public:
  explicit Builder(const Script& script) : script_(script) {
    for (const Object& o : script.objects) by_name_[o.type + "." + o.name] = &o;
  }
  Result<Network> build();

 private:
  struct Impedance {  // ohm (siemens) per unit of length
    Complex z1, z0;
    double b1 = 0, b0 = 0;
    double normal_a = 0;
    double metres = 0;  // of the unit; 0: none
  };
  void fail(const Property& p, const std::string& what) {
    if (problem_.empty()) problem_ = p.where + ": " + what;
  }
  const Property* get(const Object& o, const std::string& name) const {
    const auto at = o.properties.find(name);
    return at == o.properties.end() ? nullptr : &at->second;
  }
  void only(const Object& o, const std::set<std::string>& known);
  double number(const Object& o, const std::string& name, double fallback);
  std::vector<double> numbers(const Property& p);
  std::string text(const Object& o, const std::string& name, const std::string& fallback) const;
  std::uint32_t bus(const Object& o, const std::string& spec, std::vector<int>* nodes = nullptr);
  double metres(const Property* p);
  Impedance impedance(const Object& o, Impedance base);
  void source(const Object& o);
  void line(const Object& o);
  void transformer(const Object& o);
  void load(const Object& o);
  std::vector<double> shape(const Object& o, const std::string& name, double kw, double& step_s);
  void name_voltages();

  const Script& script_;
  std::map<std::string, const Object*> by_name_;
  std::map<std::string, std::uint32_t> bus_index_;
  Network net_;
  double base_kv_ = 0;
  std::string problem_;
};

void Builder::only(const Object& o, const std::set<std::string>& known) {
  for (const auto& [name, p] : o.properties)
    if (!known.contains(name))
      fail(p, o.type + "." + o.name + ": property \"" + name + "\" is not supported");
}

double Builder::number(const Object& o, const std::string& name, double fallback) {
  const Property* p = get(o, name);
  if (!p) return fallback;
  double v = 0;
  const char* end = p->value.data() + p->value.size();
  if (std::from_chars(p->value.data(), end, v).ptr != end || !std::isfinite(v))
    fail(*p, o.type + "." + o.name + ": " + name + " wants a number, found \"" + p->value + "\"");
  return v;
}

std::vector<double> Builder::numbers(const Property& p) {
  std::vector<double> out;
  const char* at = p.value.data();
  const char* end = at + p.value.size();
  while (at < end) {
    if (std::isspace(static_cast<unsigned char>(*at)) || *at == ',') {
      ++at;
      continue;
    }
    double v = 0;
    const auto [next, error] = std::from_chars(at, end, v);
    if (error != std::errc{} || !std::isfinite(v)) {
      fail(p, "wants numbers, found \"" + std::string(at, std::min(end, at + 20)) + "\"");
      return out;
    }
    out.push_back(v);
    at = next;
  }
  return out;
}

std::string Builder::text(const Object& o, const std::string& name,
                          const std::string& fallback) const {
  const Property* p = get(o, name);
  return p ? lower(p->value) : fallback;
}

std::uint32_t Builder::bus(const Object& o, const std::string& spec, std::vector<int>* nodes) {
  const std::string l = lower(spec);
  const auto dot = l.find('.');
  const std::string name = l.substr(0, dot);
  for (std::size_t at = dot; at != std::string::npos && nodes;) {
    const std::size_t next = l.find('.', at + 1);
    const std::string node = l.substr(at + 1, next == std::string::npos ? next : next - at - 1);
    if (node == "1" || node == "2" || node == "3")
      nodes->push_back(node[0] - '1');
    else if (node != "0" && node != "4")
      fail({spec, o.where}, "bus \"" + spec + "\": node \"" + node + "\" is not 0 to 4");
    at = next;
  }
  if (name.empty()) fail({spec, o.where}, o.type + "." + o.name + " has no bus");
  const auto [at, fresh] = bus_index_.emplace(name, static_cast<std::uint32_t>(net_.buses.size()));
  if (fresh) {
    Bus b;
    b.name = name;
    if (const auto c = script_.coordinates.find(name); c != script_.coordinates.end()) {
      b.x = c->second.first;
      b.y = c->second.second;
    }
    net_.buses.push_back(b);
  }
  return at->second;
}

double Builder::metres(const Property* p) {
  static const std::map<std::string, double> units{{"none", 0},    {"m", 1},       {"km", 1000},
                                                   {"ft", 0.3048}, {"kft", 304.8}, {"mi", 1609.344},
                                                   {"in", 0.0254}, {"cm", 0.01}};
  if (!p) return 0;
  const auto at = units.find(lower(p->value));
  if (at == units.end()) fail(*p, "unit \"" + p->value + "\" is not known");
  return at == units.end() ? 0 : at->second;
}

Builder::Impedance Builder::impedance(const Object& o, Impedance base) {
  const double omega = 2 * std::numbers::pi * net_.frequency_hz * 1e-9;
  const double c1 = omega > 0 ? base.b1 / omega : 0, c0 = omega > 0 ? base.b0 / omega : 0;
  base.z1 = {number(o, "r1", base.z1.real()), number(o, "x1", base.z1.imag())};
  base.z0 = {number(o, "r0", base.z0.real()), number(o, "x0", base.z0.imag())};
  base.b1 = omega * number(o, "c1", c1);
  base.b0 = omega * number(o, "c0", c0);
  base.normal_a = number(o, "normamps", base.normal_a);
  return base;
}

void Builder::source(const Object& o) {
  only(o, {"basekv", "pu", "angle", "isc3", "isc1", "mvasc3", "mvasc1", "x1r1", "x0r0", "bus1"});
  base_kv_ = number(o, "basekv", 115);
  net_.sources[0].bus = bus(o, text(o, "bus1", "sourcebus"));
  net_.sources[0].voltage_pu = number(o, "pu", 1);
  net_.sources[0].angle_deg = number(o, "angle", 0);
  const double sqrt3 = std::numbers::sqrt3, volts = base_kv_ * 1000 / sqrt3;
  const double x1r1 = number(o, "x1r1", 4), x0r0 = number(o, "x0r0", 3);
  const double isc3 =
      number(o, "isc3", number(o, "mvasc3", 2000) * 1e6 / (sqrt3 * base_kv_ * 1000));
  const double isc1 =
      number(o, "isc1", number(o, "mvasc1", 2100) * 1e6 / (sqrt3 * base_kv_ * 1000));
  if (!(base_kv_ > 0) || !(isc3 > 0) || !(isc1 > 0))
    return fail({"", o.where}, "the source needs a voltage and short-circuit currents above zero");
  const double r1 = volts / isc3 / std::sqrt(1 + x1r1 * x1r1);
  const Complex z1{r1, r1 * x1r1};
  // |2 z1 + z0| = 3 U / Isc1 with X0 = x0r0 R0: a quadratic in R0.
  const double a = 1 + x0r0 * x0r0, b = 4 * (z1.real() + z1.imag() * x0r0);
  const double c = 4 * std::norm(z1) - std::pow(3 * volts / isc1, 2);
  const double r0 = (-b + std::sqrt(std::max(0.0, b * b - 4 * a * c))) / (2 * a);
  net_.sources[0].z = from_sequence(z1, {r0, r0 * x0r0});
}

void Builder::line(const Object& o) {
  only(o, {"bus1", "bus2", "phases", "linecode", "length", "units", "r1", "x1", "r0", "x0", "c1",
           "c0", "normamps", "emergamps"});
  if (number(o, "phases", 3) != 3)
    fail({"", o.where}, "line." + o.name + ": only three-phase lines are supported");
  Impedance per_unit;
  double code_metres = 0;
  if (const Property* code = get(o, "linecode")) {
    const auto at = by_name_.find("linecode." + lower(code->value));
    if (at == by_name_.end())
      return fail(*code, "line code \"" + code->value + "\" does not exist");
    const Object& c = *at->second;
    only(c, {"nphases", "r1", "x1", "r0", "x0", "c1", "c0", "units", "normamps", "emergamps"});
    if (number(c, "nphases", 3) != 3)
      fail({"", c.where}, "linecode." + c.name + ": only three phases are supported");
    per_unit = impedance(c, {});
    code_metres = metres(get(c, "units"));
  }
  per_unit = impedance(o, per_unit);
  const double line_metres = metres(get(o, "units"));
  const double length = number(o, "length", 1);
  // Lengths are converted where both sides name a unit; otherwise the numbers multiply as they are.
  const double factor =
      code_metres > 0 && line_metres > 0 ? length * line_metres / code_metres : length;
  Line l;
  l.name = o.name;
  std::vector<int> nodes;
  l.from = bus(o, text(o, "bus1", ""), &nodes);
  l.to = bus(o, text(o, "bus2", ""), &nodes);
  if (!std::is_sorted(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(nodes.size() / 2)))
    fail({"", o.where}, "line." + o.name + ": transposed phases are not supported");
  l.z = from_sequence(factor * per_unit.z1, factor * per_unit.z0);
  l.shunt = from_sequence({0, factor * per_unit.b1}, {0, factor * per_unit.b0});
  l.rated_a = per_unit.normal_a;
  l.length_m = line_metres > 0 ? length * line_metres : length;
  net_.lines.push_back(std::move(l));
}

std::vector<std::string> list_of(const std::string& value) {
  std::vector<std::string> out(1);
  for (const char c : value) {
    if (c == ' ' || c == ',' || c == '\t') {
      if (!out.back().empty()) out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

void Builder::transformer(const Object& o) {
  only(o, {"phases", "windings", "buses", "conns", "kvs", "kvas", "xhl", "%rs", "%r", "%loadloss",
           "%noloadloss", "%imag", "taps", "sub", "leadlag"});
  const Property missing{"", o.where};
  const auto get_list = [&](const char* name) {
    const Property* p = get(o, name);
    const auto list = p ? list_of(p->value) : std::vector<std::string>{};
    if (list.size() != 2)
      fail(p ? *p : missing, "transformer." + o.name + ": " + name + " wants two values");
    return list.size() == 2 ? list : std::vector<std::string>{"1", "1"};
  };
  const auto buses = get_list("buses"), conns = get_list("conns"), kvs = get_list("kvs"),
             kvas = get_list("kvas");
  if (number(o, "phases", 3) != 3 || number(o, "windings", 2) != 2)
    fail(missing, "transformer." + o.name + ": only three phases and two windings are supported");
  const auto value = [&](const std::string& s) {
    double v = 0;
    std::from_chars(s.data(), s.data() + s.size(), v);
    return v;
  };
  const auto winding = [&](const std::string& s) {
    const std::string l = lower(s);
    if (l.starts_with('d')) return Winding::delta;
    if (!l.starts_with('w') && !l.starts_with('y'))
      fail(missing, "transformer." + o.name + ": connection \"" + s + "\" is not wye or delta");
    return Winding::wye_grounded;
  };
  Transformer t;
  t.name = o.name;
  t.from = bus(o, buses[0]);
  t.to = bus(o, buses[1]);
  const Winding from = winding(conns[0]), to = winding(conns[1]);
  const bool leads = text(o, "leadlag", "lag") == "lead" || text(o, "leadlag", "lag") == "euro";
  t.coils = coils_of(from, to, from == to ? 0 : leads ? 11 : 1);
  const double to_v = value(kvs[1]) * 1000;
  t.from_coil_v = coil_voltage(from, value(kvs[0]) * 1000);
  t.to_coil_v = coil_voltage(to, to_v);
  t.rated_va = value(kvas[0]) * 1000;
  const double base_s = t.rated_va / 3 / (t.to_coil_v * t.to_coil_v);
  double resistance = 0.4;  // percent, both windings
  if (const Property* rs = get(o, "%rs")) {
    resistance = 0;
    for (const double r : numbers(*rs)) resistance += r;
  }
  resistance = number(o, "%loadloss", resistance);
  t.z = Complex(resistance / 100, number(o, "xhl", 7) / 100) / base_s;
  t.to_magnetising =
      base_s * Complex(number(o, "%noloadloss", 0) / 100, -number(o, "%imag", 0) / 100);
  if (const Property* taps = get(o, "taps")) {
    const auto list = numbers(*taps);
    if (list.size() == 2) {
      t.from_tap = list[0];
      t.to_tap = list[1];
    }
  }
  net_.transformers.push_back(std::move(t));
}

std::vector<double> Builder::shape(const Object& o, const std::string& name, double kw,
                                   double& step_s) {
  const auto at = by_name_.find("loadshape." + lower(name));
  if (at == by_name_.end()) {
    fail({"", o.where}, "load shape \"" + name + "\" does not exist");
    return {};
  }
  const Object& s = *at->second;
  only(s, {"npts", "interval", "minterval", "sinterval", "mult", "useactual"});
  const Property* mult = get(s, "mult");
  if (!mult) {
    fail({"", s.where}, "loadshape." + s.name + " has no mult");
    return {};
  }
  std::vector<double> values = numbers(*mult);
  const double count = number(s, "npts", static_cast<double>(values.size()));
  if (!(count >= 1) || count > static_cast<double>(values.size()))
    fail(*mult, "loadshape." + s.name + ": holds " + std::to_string(values.size()) +
                    " values, npts wants " + std::to_string(static_cast<long long>(count)));
  else
    values.resize(static_cast<std::size_t>(count));
  step_s = number(s, "sinterval", number(s, "minterval", number(s, "interval", 1) * 60) * 60);
  const std::string actual = text(s, "useactual", "no");
  const bool use_actual = actual == "yes" || actual == "y" || actual == "true";
  for (double& v : values) v *= use_actual ? 1000 : kw * 1000;
  return values;
}

void Builder::load(const Object& o) {
  only(o, {"phases", "bus1", "kv", "kw", "pf", "yearly", "daily", "model", "conn", "vminpu",
           "vmaxpu"});
  const Property here{"", o.where};
  const double phases = number(o, "phases", 3), kw = number(o, "kw", 10);
  std::vector<int> nodes;
  Connection c;
  c.name = o.name;
  c.bus = bus(o, text(o, "bus1", ""), &nodes);
  if (nodes.empty())
    for (int p = 0; p < static_cast<int>(phases); ++p) nodes.push_back(p);
  c.phases = 0;
  for (const int p : nodes) c.phases |= static_cast<std::uint8_t>(1 << p);
  if (static_cast<double>(nodes.size()) != phases || phases < 1 || phases > 3)
    fail(here, "load." + o.name + ": its nodes do not fit its phases");
  if (number(o, "model", 1) != 1)
    fail(here, "load." + o.name + ": only model 1 (constant power) is supported");
  if (!text(o, "conn", "wye").starts_with('w') && !text(o, "conn", "wye").starts_with('y'))
    fail(here, "load." + o.name + ": only wye connection is supported");
  const double kv = number(o, "kv", 12.47);
  c.nominal_v = kv * 1000 / (phases == 1 ? 1 : std::numbers::sqrt3);
  c.power_factor = number(o, "pf", 0.88);
  if (!(c.nominal_v > 0) || !(std::abs(c.power_factor) <= 1) || c.power_factor == 0)
    fail(here, "load." + o.name + ": needs kv above zero and a power factor of -1 to 1");
  const std::string name = text(o, "yearly", text(o, "daily", ""));
  if (!name.empty())
    c.profile_w = shape(o, name, kw, c.profile_step_s);
  else {
    c.profile_w = {kw * 1000};
    c.profile_step_s = 86'400;
  }
  c.model.min_pu = number(o, "vminpu", 0.95);
  c.model.max_pu = number(o, "vmaxpu", 1.05);
  net_.connections.push_back(std::move(c));
}

// Nominal voltages follow from the source through the transformers.
void Builder::name_voltages() {
  for (Bus& b : net_.buses) b.nominal_v = 0;
  net_.buses[net_.sources[0].bus].nominal_v = base_kv_ * 1000 / std::numbers::sqrt3;
  for (bool again = true; again;) {
    again = false;
    const auto give = [&](std::uint32_t bus, double v) {
      if (net_.buses[bus].nominal_v > 0 || !(v > 0)) return;
      net_.buses[bus].nominal_v = v;
      again = true;
    };
    for (const Transformer& t : net_.transformers)
      if (net_.buses[t.from].nominal_v > 0)
        give(t.to, t.coils[0].to[1] == Terminal::ground ? t.to_coil_v
                                                        : t.to_coil_v / std::numbers::sqrt3);
    for (const Line& l : net_.lines) {
      give(l.to, net_.buses[l.from].nominal_v);
      give(l.from, net_.buses[l.to].nominal_v);
    }
  }
  for (const Bus& b : net_.buses)
    if (!(b.nominal_v > 0) && problem_.empty())
      problem_ = "bus \"" + b.name + "\" is not connected to the source";
}

Result<Network> Builder::build() {
  if (!by_name_.contains("vsource.source"))
    return failure("there is no circuit (New Circuit.name)");
  net_.frequency_hz = script_.frequency_hz;
  net_.sources.resize(1);
  for (const Object& o : script_.objects) {
    if (!problem_.empty()) break;
    if (o.type == "vsource") source(o);
    if (o.type == "line") line(o);
    if (o.type == "transformer") transformer(o);
    if (o.type == "load") load(o);
  }
  if (problem_.empty()) name_voltages();
  if (!problem_.empty()) return failure(problem_);
  return std::move(net_);
}

}  // namespace

Result<Network> read_dss(const std::string& path, const LoadFile& load) {
  Script script(load);
  if (auto ok = script.run(path, 0); !ok) return failure(ok.error());
  auto network = Builder(script).build();
  if (!network && !network.error().starts_with(path) &&
      network.error().find(':') == std::string::npos)
    return failure(path + ": " + network.error());
  return network;
}

}  // namespace twin
