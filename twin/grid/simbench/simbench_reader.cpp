#include "twin/grid/simbench/simbench_reader.hpp"

#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "twin/grid/model/number_range.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/pi_branch.hpp"
#include "twin/grid/pgm/pgm_transformer.hpp"
#include "twin/grid/simbench/csv_table.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

constexpr double kilo = 1e3, mega = 1e6, micro = 1e-6, percent = 0.01;
constexpr double r0_to_r1 = 4.0, x0_to_x1 = 3.66;
constexpr std::size_t max_profile_values = 20'000'000;
constexpr double earth_radius_m = 6371008.8;

// One row of a table; the first thing wrong with it goes to `error`.
class SimbenchRow {
 public:
  SimbenchRow(const CsvTable& table, std::size_t index, std::string& error)
      : table_(table), index_(index), error_(error) {}

  std::size_t index() const { return index_; }
  bool has(std::string_view column) const {
    const std::size_t c = table_.column(column);
    return c != CsvTable::absent && !blank(table_.cell(index_, c));
  }
  std::string text(std::string_view column) const {
    if (!has(column)) {
      refuse(column, "a value");
      return {};
    }
    return std::string(table_.cell(index_, table_.column(column)));
  }
  double number(std::string_view column, double low = -1e12) const {
    const auto value =
        has(column) ? number_of(table_.cell(index_, table_.column(column))) : std::nullopt;
    if (value && *value >= low && *value <= 1e12) return *value;
    refuse(column, low == -1e12 ? "a number"
                   : low == 0   ? "a number of at least 0"
                                : "a number above 0");
    return low == -1e12 ? 0 : 1;
  }
  double number_or(std::string_view column, double fallback) const {
    return has(column) ? number(column) : fallback;
  }
  double positive(std::string_view column) const { return number(column, 1e-12); }
  std::string id() const { return text("id"); }
  // As a message names it.
  std::string shown(std::string_view column) const {
    return has(column) ? text(column).substr(0, 60) : "none";
  }

  void refuse(std::string_view column, const std::string& wants) const {
    if (!error_.empty()) return;
    const std::size_t c = table_.column(column);
    const std::string found = c == CsvTable::absent
                                  ? "no such column"
                                  : "\"" + std::string(table_.cell(index_, c).substr(0, 60)) + "\"";
    error_ =
        table_.where(index_) + ": " + std::string(column) + ": found " + found + "; wants " + wants;
  }

 private:
  static bool blank(std::string_view cell) { return cell.empty() || cell == "NULL"; }

  const CsvTable& table_;
  std::size_t index_;
  std::string& error_;
};

class SimbenchReader {
 public:
  SimbenchReader(std::string folder, const LoadFile& load)
      : folder_(std::move(folder)), load_(load) {}

  Result<Network> run() {
    for (const char* name : {"Transformer3W", "DCLine", "Shunt"}) refuse_rows(name);
    read_coordinates();
    nodes();
    each("Switch", false, [this](const SimbenchRow& r) { add_switch(r); });
    lines();
    transformers();
    sources();
    loads();
    generation("RES", "pRES", "qRES");
    generation("PowerPlant", "pPP", "qPP");
    each("Storage", false, [this](const SimbenchRow& r) { node(r, "node"); });
    profiles("LoadProfile", "_pload", false);
    profiles("RESProfile", "", true);
    if (!error_.empty()) return failure(error_);
    net_.balanced = true;
    for (Connection& c : generators_) net_.connections.push_back(std::move(c));
    return std::move(net_);
  }

 private:
  bool ok() const { return error_.empty(); }
  void fail(std::string what) {
    if (ok()) error_ = std::move(what);
  }
  std::string path_of(const std::string& name) const { return folder_ + name + ".csv"; }

  template <class Each>
  void each(const std::string& name, bool required, const Each& take);
  const CsvTable* open(const std::string& name, bool required);
  void refuse_rows(const std::string& name);
  std::uint32_t node(const SimbenchRow& row, std::string_view column);
  // Rows of a table of types by their id.
  std::map<std::string, std::size_t> types(const std::string& name);

  void read_coordinates();
  void nodes();
  void add_node(const SimbenchRow& row);
  void add_switch(const SimbenchRow& row);
  void lines();
  void transformers();
  void add_transformer(const SimbenchRow& row, const SimbenchRow& type);
  void sources();
  void loads();
  void generation(const std::string& name, const char* p, const char* q);
  void profiles(const std::string& name, const std::string& ending, bool generation);

  std::string folder_, error_;
  const LoadFile& load_;
  std::map<std::string, CsvTable> tables_;
  Network net_;
  std::unordered_map<std::string, std::uint32_t> bus_of_;
  struct SetPoint {
    double vm_pu = 1, va_deg = 0;
    bool slack = false;
  };
  std::vector<SetPoint> set_points_;  // by bus
  std::map<std::string, std::array<double, 2>> place_;
  std::vector<Connection> generators_;
  // Profile names and the power that they are shares of, by connection.
  struct Profile {
    std::string name;
    double p_w = 0;
  };
  std::vector<Profile> load_profiles_, generator_profiles_;
  std::size_t profile_values_ = 0;
};

const CsvTable* SimbenchReader::open(const std::string& name, bool required) {
  if (!ok()) return nullptr;
  if (const auto known = tables_.find(name); known != tables_.end()) return &known->second;
  auto text = load_(path_of(name));
  if (!text) {
    if (required) fail(text.error());
    return nullptr;
  }
  auto table = CsvTable::parse(std::move(*text), path_of(name));
  if (!table) {
    fail(table.error());
    return nullptr;
  }
  return &tables_.emplace(name, std::move(*table)).first->second;
}

template <class Each>
void SimbenchReader::each(const std::string& name, bool required, const Each& take) {
  const CsvTable* table = open(name, required);
  const std::size_t id = table ? table->column("id") : CsvTable::absent;
  std::unordered_set<std::string_view> taken;
  for (std::size_t i = 0; table && i < table->rows() && ok(); ++i) {
    const SimbenchRow row(*table, i, error_);
    if (id != CsvTable::absent && !taken.insert(table->cell(i, id)).second)
      return row.refuse("id", "each id once");
    take(row);
  }
}

void SimbenchReader::refuse_rows(const std::string& name) {
  each(name, false,
       [&](const SimbenchRow& row) { row.refuse("id", "no rows: " + name + " is not supported"); });
}

std::uint32_t SimbenchReader::node(const SimbenchRow& row, std::string_view column) {
  const auto at = bus_of_.find(row.text(column));
  if (at != bus_of_.end()) return at->second;
  row.refuse(column, "the id of a node");
  return 0;
}

std::map<std::string, std::size_t> SimbenchReader::types(const std::string& name) {
  std::map<std::string, std::size_t> out;
  each(name, true, [&](const SimbenchRow& row) { out.emplace(row.id(), row.index()); });
  return out;
}

void SimbenchReader::read_coordinates() {
  std::array<double, 2> origin{};
  each("Coordinates", false, [&](const SimbenchRow& row) {
    const double x = row.number("x"), y = row.number("y");
    if (place_.empty()) origin = {x, y};
    constexpr double degree = std::numbers::pi / 180 * earth_radius_m;
    place_[row.id()] = {(x - origin[0]) * degree * std::cos(origin[1] * std::numbers::pi / 180),
                        (y - origin[1]) * degree};
  });
}

void SimbenchReader::nodes() {
  const bool whole = open("Node", false) != nullptr;
  if (ok() && !whole && !open("Node_reconstructed", false))
    fail(path_of("Node") + ": cannot be read; wants this file or Node_reconstructed.csv");
  each(whole ? "Node" : "Node_reconstructed", true,
       [this](const SimbenchRow& row) { add_node(row); });
  if (ok() && net_.buses.empty()) fail(path_of("Node") + ": found no rows; wants nodes");
}

void SimbenchReader::add_node(const SimbenchRow& row) {
  Bus out;
  out.name = row.id();
  out.id = static_cast<std::int64_t>(net_.buses.size()) + 1;
  out.nominal_v = row.positive("vmR") * kilo / std::numbers::sqrt3;
  if (row.has("coordID"))
    if (const auto at = place_.find(row.text("coordID")); at != place_.end()) {
      out.x = at->second[0];
      out.y = at->second[1];
    }
  bus_of_.emplace(out.name, static_cast<std::uint32_t>(net_.buses.size()));
  SetPoint point{row.number_or("vmSetp", 1), row.number_or("vaSetp", 0), false};
  if (point.vm_pu <= 0) row.refuse("vmSetp", "a number above 0");
  point.slack = row.has("role") && row.text("role") == "hv_slack";
  set_points_.push_back(point);
  net_.buses.push_back(std::move(out));
}

void SimbenchReader::add_switch(const SimbenchRow& row) {
  Line out;
  out.name = row.id();
  out.id = static_cast<std::int64_t>(row.index()) + 1;
  out.from = node(row, "nodeA");
  out.to = node(row, "nodeB");
  const double cond = row.number("cond");
  if (cond != 0 && cond != 1) row.refuse("cond", "0 or 1");
  if (!ok()) return;
  const Complex z = link_impedance(net_.buses[out.from].nominal_v);
  out.z = from_sequence(z, z);
  out.from_closed = out.to_closed = cond == 1;
  net_.lines.push_back(std::move(out));
}

void SimbenchReader::lines() {
  const auto known = types("LineType");
  each("Line", true, [&](const SimbenchRow& row) {
    const auto type = known.find(row.text("type"));
    if (type == known.end()) return row.refuse("type", "the id of a row of LineType.csv");
    const SimbenchRow data(tables_.find("LineType")->second, type->second, error_);
    Line out;
    out.name = row.id();
    out.id = static_cast<std::int64_t>(net_.lines.size()) + 1;
    out.from = node(row, "nodeA");
    out.to = node(row, "nodeB");
    const double km = row.positive("length");
    const Complex z = km * Complex(data.number("r", 0), data.number("x", 0));
    const Complex y(0, km * data.number("b", 0) * micro);
    if (is_too_small(z)) data.refuse("x", "r and x not both 0 (times the length: below 1e-12)");
    out.z = from_sequence(z, {r0_to_r1 * z.real(), x0_to_x1 * z.imag()});
    out.shunt = from_sequence(y, y);
    out.rated_a = data.number("iMax", 0);
    out.length_m = km * kilo;
    if (ok() && net_.buses[out.from].nominal_v != net_.buses[out.to].nominal_v)
      row.refuse("nodeB", "a node of the same vmR as nodeA's");
    net_.lines.push_back(std::move(out));
  });
}

void SimbenchReader::transformers() {
  if (!open("Transformer", false)) return;
  const auto known = types("TransformerType");
  each("Transformer", true, [&](const SimbenchRow& row) {
    const auto type = known.find(row.text("type"));
    if (type == known.end()) return row.refuse("type", "the id of a row of TransformerType.csv");
    add_transformer(row,
                    SimbenchRow(tables_.find("TransformerType")->second, type->second, error_));
  });
}

void check_tap(const SimbenchRow& row, const SimbenchRow& type) {
  const double position = row.number_or("tappos", 0);
  if ((type.has("tapMin") && position < type.number("tapMin")) ||
      (type.has("tapMax") && position > type.number("tapMax")))
    row.refuse("tappos", "the type's tapMin to tapMax (" + type.shown("tapMin") + " to " +
                             type.shown("tapMax") + ")");
}

void SimbenchReader::add_transformer(const SimbenchRow& row, const SimbenchRow& type) {
  pgm::Nameplate p;
  p.sn = type.positive("sR") * mega;
  p.u1 = p.u1_tapped = type.positive("vmHV") * kilo;
  p.u2 = p.u2_tapped = type.positive("vmLV") * kilo;
  p.uk = type.positive("vmImp") * percent;
  p.pk = type.number("pCu", 0) * kilo;
  p.i0 = p.i0_zero = type.number("iNoLoad", 0) * percent;
  p.p0 = p.p0_zero = type.number("pFe", 0) * kilo;
  const double hours = type.number("va0") / 30;
  if (hours != std::floor(hours) || hours < 0 || hours > 11)
    return type.refuse("va0", "a multiple of 30 from 0 to 330");
  p.clock = static_cast<int>(hours);
  if (p.clock % 2 != 0) {
    const bool low_voltage = p.u2 < 1000;
    (low_voltage ? p.from : p.to) = pgm::WindingKind::delta;
  }
  check_tap(row, type);
  const double steps = row.number_or("tappos", 0) - type.number_or("tapNeutr", 0);
  if (steps != 0) {
    const std::string side = type.text("tapside");
    if (side != "HV" && side != "LV") type.refuse("tapside", "HV or LV");
    if (type.number_or("dVa", 0) != 0) type.refuse("dVa", "0: taps that turn are not supported");
    double& tapped = side == "LV" ? p.u2_tapped : p.u1_tapped;
    tapped *= 1 + steps * type.number("dVm") * percent;
    if (tapped <= 0) row.refuse("tappos", "a tapped voltage above 0");
  }
  if (!ok()) return;
  Transformer out = pgm::transformer_of(p);
  out.name = row.id();
  out.id = static_cast<std::int64_t>(net_.transformers.size()) + 1;
  out.from = node(row, "nodeHV");
  out.to = node(row, "nodeLV");
  net_.transformers.push_back(std::move(out));
}

void SimbenchReader::sources() {
  const auto add = [this](std::uint32_t bus, const std::string& name) {
    const SetPoint& point = set_points_[bus];
    net_.sources.push_back({bus,
                            point.vm_pu,
                            point.va_deg,
                            {},
                            name,
                            static_cast<std::int64_t>(net_.sources.size()) + 1});
  };
  each("ExternalNet", false, [&](const SimbenchRow& row) {
    if (row.text("calc_type") != "vavm") return row.refuse("calc_type", "vavm");
    if (const std::uint32_t bus = node(row, "node"); ok()) add(bus, row.id());
  });
  for (std::uint32_t b = 0; b < net_.buses.size() && ok(); ++b)
    if (set_points_[b].slack) add(b, net_.buses[b].name);
  if (net_.sources.empty())
    fail(path_of("ExternalNet") +
         ": found no external net (nor a node of role hv_slack); wants one");
}

void SimbenchReader::loads() {
  each("Load", false, [this](const SimbenchRow& row) {
    Connection out;
    out.name = row.id();
    out.id = static_cast<std::int64_t>(net_.connections.size()) + 1;
    out.bus = node(row, "node");
    const Complex s(row.number("pLoad") * mega, row.number("qLoad") * mega);
    out.draw_va.fill(s / 3.0);
    if (s.real() > 0 && s.imag() >= 0) out.power_factor = s.real() / std::abs(s);
    load_profiles_.push_back({row.has("profile") ? row.text("profile") : "", s.real()});
    net_.connections.push_back(std::move(out));
  });
}

void SimbenchReader::generation(const std::string& name, const char* p, const char* q) {
  each(name, false, [&](const SimbenchRow& row) {
    const std::string kind = row.text("calc_type");
    const std::uint32_t bus = node(row, "node");
    const Complex s(row.number(p) * mega, row.number_or(q, 0) * mega);
    const auto id = static_cast<std::int64_t>(generators_.size() + net_.generators.size()) + 1;
    if (kind == "pvm") {
      if (ok()) net_.generators.push_back({bus, s.real(), set_points_[bus].vm_pu, row.id(), id});
    } else if (kind == "pq") {
      Connection out;
      out.name = row.id();
      out.id = id;
      out.bus = bus;
      out.draw_va.fill(-s / 3.0);
      generator_profiles_.push_back({row.has("profile") ? row.text("profile") : "", -s.real()});
      generators_.push_back(std::move(out));
    } else {
      row.refuse("calc_type", "pq or pvm");
    }
  });
}

// Minutes since midnight of "dd.mm.yyyy hh:mm"; nothing where it is none.
std::optional<int> minutes_of(std::string_view time) {
  const std::size_t colon = time.rfind(':');
  if (colon == std::string_view::npos || colon < 2 || time.size() < colon + 3) return std::nullopt;
  const auto hours = number_of(time.substr(colon - 2, 2));
  const auto minutes = number_of(time.substr(colon + 1, 2));
  if (!hours || !minutes || *hours < 0 || *minutes < 0) return std::nullopt;
  return static_cast<int>(*hours) * 60 + static_cast<int>(*minutes);
}

void SimbenchReader::profiles(const std::string& name, const std::string& ending, bool generation) {
  auto& wanted = generation ? generator_profiles_ : load_profiles_;
  auto& connections = generation ? generators_ : net_.connections;
  if (!ok() || wanted.empty()) return;
  auto text = load_(path_of(name));
  if (!text) return;
  std::vector<std::string> columns{"time"};
  for (const Profile& p : wanted) columns.push_back(p.name + ending);
  const auto table = CsvTable::parse(std::move(*text), path_of(name), columns);
  if (!table) return fail(table.error());
  if (table->rows() < 2 || table->column("time") == CsvTable::absent)
    return fail(path_of(name) + ":1: wants a column \"time\" and at least two rows");
  const auto first = minutes_of(table->cell(0, table->column("time")));
  const auto second = minutes_of(table->cell(1, table->column("time")));
  if (!first || !second || *first == *second)
    return fail(table->where(1) + ": time: wants dd.mm.yyyy hh:mm, rising by less than a day");
  const double step_s = ((*second - *first + 1440) % 1440) * 60.0;
  for (std::size_t i = 0; i < wanted.size() && ok(); ++i) {
    const std::size_t column = table->column(wanted[i].name + ending);
    if (column == CsvTable::absent) continue;
    profile_values_ += table->rows();
    if (profile_values_ > max_profile_values)
      return fail(path_of(name) + ": wants at most 20 million profile values in all");
    connections[i].profile_step_s = step_s;
    connections[i].profile_w.reserve(table->rows());
    for (std::size_t r = 0; r < table->rows() && ok(); ++r) {
      const double share = SimbenchRow(*table, r, error_).number(wanted[i].name + ending);
      connections[i].profile_w.push_back(share * wanted[i].p_w);
    }
  }
}

std::string folder_of(const std::string& path) {
  if (path.ends_with(".csv")) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1);
  }
  return path.empty() || path.ends_with('/') ? path : path + "/";
}

}  // namespace

Result<Network> read_simbench(const std::string& path, const LoadFile& load) {
  return SimbenchReader(folder_of(path), load).run();
}

}  // namespace twin
