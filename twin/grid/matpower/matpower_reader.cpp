#include "twin/grid/matpower/matpower_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <unordered_map>

#include "twin/grid/matpower/matlab_program.hpp"
#include "twin/grid/matpower/matpower_format.hpp"
#include "twin/grid/model/number_range.hpp"
#include "twin/grid/model/phase_matrix.hpp"
#include "twin/grid/model/pi_branch.hpp"
#include "twin/scenario/nearest.hpp"

namespace twin {

using ledger::failure;
using ledger::Result;

namespace {

using Fields = std::map<std::string, MatlabValue>;
constexpr double sqrt3 = std::numbers::sqrt3;
constexpr double mega = 1e6;

constexpr std::array matrices{"bus", "gen", "branch"};
constexpr std::array without_effect{"gencost", "areas",   "bus_name",   "gen_name",
                                    "gentype", "genfuel", "branch_name"};

std::string shown(double v) {
  if (v == std::floor(v) && std::abs(v) < 1e15) return std::to_string(static_cast<long long>(v));
  if (std::abs(v) < 1e15 && std::abs(v) > 1e-5) return std::to_string(v);
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), v).ptr};
}

class MatpowerReader {
 public:
  MatpowerReader(const std::string& path, const Fields& fields) : path_(path), fields_(fields) {}

  Result<Network> run() {
    check_fields();
    if (ok()) read_buses();
    if (ok()) read_generators();
    if (ok()) read_branches();
    if (!ok()) return failure(error_);
    for (Connection& c : negative_loads_) net_.connections.push_back(std::move(c));
    net_.balanced = true;
    return std::move(net_);
  }

 private:
  bool ok() const { return error_.empty(); }
  void fail(std::string what) {
    if (ok()) error_ = std::move(what);
  }
  void check_fields();
  const MatlabValue& field(const std::string& name) const { return fields_.find(name)->second; }

  // One row of a matrix and its cells.
  struct Row {
    const MatlabValue& matrix;
    const char* name;
    std::size_t index;
    double operator[](std::size_t column) const { return matrix.at(index, column); }
  };
  std::string where(const Row& row) const;
  void refuse(const Row& row, const char* column, std::size_t at, const std::string& wants);
  bool finite(const Row& row, std::size_t columns);
  std::uint32_t bus(const Row& row, const char* column, std::size_t at);

  void read_buses();
  void read_bus(const Row& row, const std::string& name);
  void read_generators();
  void read_generator(const Row& row);
  void place_machines();
  void read_branches();
  void read_branch(const Row& row);

  // What the generators of a bus do together.
  struct Machine {
    double p_w = 0, q_var = 0, vg = 1;
    std::int64_t id = 0;  // of the last one
    bool in_service = false;
  };

  const std::string& path_;
  const Fields& fields_;
  std::string error_;
  Network net_;
  double base_va_ = 0;
  std::unordered_map<std::int64_t, std::uint32_t> bus_of_;  // isolated: absent_
  static constexpr std::uint32_t absent_ = UINT32_MAX;
  std::vector<int> type_;          // by bus
  std::vector<double> angle_deg_;  // by bus
  std::vector<Machine> machine_;   // by bus
  std::vector<Connection> negative_loads_;
};

void MatpowerReader::check_fields() {
  const auto has = [](const auto& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const auto& [name, value] : fields_) {
    const std::string at = path_ + ":" + std::to_string(value.line) + ": mpc." + name + ": ";
    if (has(without_effect, name)) continue;
    if (has(matrices, name)) {
      if (value.kind != MatlabValue::Kind::matrix) fail(at + "wants a matrix");
    } else if (name == "baseMVA") {
      if (!value.is_number() || !(value.numbers[0] >= least_above_zero && value.numbers[0] < 1e12))
        fail(at + "wants a number above 0");
    } else if (name == "version") {
      const bool text = value.kind == MatlabValue::Kind::text && value.texts[0] == "2";
      if (!text && !(value.is_number() && value.numbers[0] == 2)) fail(at + "wants '2'");
    } else {
      const std::string near =
          nearest(name, {"bus", "gen", "branch", "baseMVA", "version", "gencost", "bus_name"});
      fail(at + "this field is not supported" +
           (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
  }
  constexpr std::array<std::size_t, 3> columns{matpower::bus::columns, matpower::gen::columns,
                                               matpower::branch::columns};
  for (const char* name : {"baseMVA", "bus", "gen", "branch"})
    if (!fields_.contains(name)) fail(path_ + ": mpc." + name + ": is missing");
  for (std::size_t i = 0; i < matrices.size() && ok(); ++i) {
    const MatlabValue& m = field(matrices[i]);
    if ((m.rows > 0 || i < 2) && m.columns < columns[i])
      fail(path_ + ":" + std::to_string(m.line) + ": mpc." + matrices[i] + ": found " +
           std::to_string(m.columns) + " columns; wants at least " + std::to_string(columns[i]));
  }
  if (ok()) base_va_ = field("baseMVA").numbers[0] * mega;
}

std::string MatpowerReader::where(const Row& row) const {
  const auto& lines = row.matrix.row_lines;
  const std::uint32_t line = row.index < lines.size() ? lines[row.index] : row.matrix.line;
  return path_ + ":" + std::to_string(line) + ": " + row.name + " " +
         std::to_string(row.index + 1) + ": ";
}

void MatpowerReader::refuse(const Row& row, const char* column, std::size_t at,
                            const std::string& wants) {
  fail(where(row) + column + ": found " + shown(row[at]) + "; wants " + wants);
}

bool MatpowerReader::finite(const Row& row, std::size_t columns) {
  for (std::size_t c = 0; c < columns; ++c)
    if (is_too_large(row[c]))
      refuse(row, ("column " + std::to_string(c + 1)).c_str(), c, "a number below 1e15");
  return ok();
}

bool is_bus_number(double v) { return v >= 1 && v < 1e15 && v == std::floor(v); }

std::uint32_t MatpowerReader::bus(const Row& row, const char* column, std::size_t at) {
  const auto found =
      is_bus_number(row[at]) ? bus_of_.find(static_cast<std::int64_t>(row[at])) : bus_of_.end();
  if (found != bus_of_.end()) return found->second;
  refuse(row, column, at, "the number of a bus");
  return absent_;
}

void MatpowerReader::read_buses() {
  const MatlabValue& buses = field("bus");
  const auto names = fields_.find("bus_name");
  const bool named = names != fields_.end() && names->second.texts.size() == buses.rows;
  for (std::size_t i = 0; i < buses.rows && ok(); ++i)
    read_bus({buses, "bus", i}, named ? names->second.texts[i] : "");
}

void MatpowerReader::read_bus(const Row& row, const std::string& name) {
  namespace at = matpower::bus;
  if (!is_bus_number(row[at::number])) return refuse(row, "BUS_I", at::number, "a bus number");
  if (!finite(row, at::base_kv + 1)) return;
  const double type = row[at::type];
  if (!(type >= 1 && type <= 4 && type == std::floor(type)))
    return refuse(row, "BUS_TYPE", at::type, "1, 2, 3 or 4");
  if (row[at::base_kv] < 0 || (row[at::base_kv] != 0 && is_too_small(row[at::base_kv])))
    return refuse(row, "BASE_KV", at::base_kv, "at least 0 (1e-12 where it is not 0)");
  const auto id = static_cast<std::int64_t>(row[at::number]);
  const bool isolated = static_cast<int>(type) == at::isolated;
  const auto index = isolated ? absent_ : static_cast<std::uint32_t>(net_.buses.size());
  if (!bus_of_.emplace(id, index).second)
    return refuse(row, "BUS_I", at::number, "each number once");
  if (isolated) return;
  Bus out;
  out.id = id;
  out.name = name.empty() ? std::to_string(id) : name;
  const double base_kv = row[at::base_kv] > 0 ? row[at::base_kv] : 1;
  out.nominal_v = base_kv * 1e3 / sqrt3;
  const double line_v2 = 3 * out.nominal_v * out.nominal_v;
  type_.push_back(static_cast<int>(type));
  angle_deg_.push_back(row[at::va]);
  if (const Complex s(row[at::pd] * mega, row[at::qd] * mega); s != Complex{}) {
    Connection c;
    c.name = out.name;
    c.id = id;
    c.bus = index;
    c.draw_va.fill(s / 3.0);
    if (s.real() > 0 && s.imag() >= 0) c.power_factor = s.real() / std::abs(s);
    net_.connections.push_back(std::move(c));
  }
  if (const Complex y(row[at::gs] * mega, row[at::bs] * mega); y != Complex{}) {
    Shunt shunt;
    shunt.name = out.name;
    shunt.id = id;
    shunt.bus = index;
    shunt.y = from_sequence(y / line_v2, y / line_v2);
    net_.shunts.push_back(std::move(shunt));
  }
  net_.buses.push_back(std::move(out));
}

void MatpowerReader::read_generators() {
  machine_.resize(net_.buses.size());
  const MatlabValue& gens = field("gen");
  for (std::size_t i = 0; i < gens.rows && ok(); ++i) read_generator({gens, "gen", i});
  if (ok()) place_machines();
}

void MatpowerReader::read_generator(const Row& row) {
  namespace at = matpower::gen;
  const std::uint32_t b = bus(row, "GEN_BUS", at::bus);
  if (!ok() || b == absent_ || !(row[at::status] > 0)) return;
  for (const std::size_t c : {at::pg, at::qg, at::vg})
    if (!(std::abs(row[c]) < 1e12)) refuse(row, c == at::vg ? "VG" : "PG or QG", c, "a number");
  if (!(row[at::vg] > 0) && type_[b] != matpower::bus::pq)
    refuse(row, "VG", at::vg, "a voltage above 0");
  Machine& m = machine_[b];
  m.p_w += row[at::pg] * mega;
  m.q_var += row[at::qg] * mega;
  m.vg = row[at::vg];
  m.id = static_cast<std::int64_t>(row.index) + 1;
  m.in_service = true;
}

void MatpowerReader::place_machines() {
  using namespace matpower::bus;
  const auto holds = [&](std::size_t b, int type) {
    return machine_[b].in_service && type_[b] == type;
  };
  const auto count = net_.buses.size();
  std::size_t references = 0;
  for (std::size_t b = 0; b < count; ++b) references += holds(b, ref) ? 1 : 0;
  for (std::size_t b = 0; b < count && references == 0; ++b)
    if (holds(b, pv)) {
      type_[b] = ref;
      references = 1;
    }
  if (references == 0)
    return fail(path_ +
                ": mpc.gen: found no generator in service at a bus of type 3 or 2; wants "
                "one to hold the voltage");
  for (std::uint32_t b = 0; b < count; ++b) {
    const Machine& m = machine_[b];
    const std::string& name = net_.buses[b].name;
    if (!m.in_service) continue;
    if (type_[b] == ref) {
      net_.sources.push_back({b, m.vg, angle_deg_[b], {}, name, m.id});
    } else if (type_[b] == pv) {
      net_.generators.push_back({b, m.p_w, m.vg, name, m.id});
    } else {
      Connection c;
      c.name = "generator at " + name;
      c.id = m.id;
      c.bus = b;
      c.draw_va.fill(-Complex(m.p_w, m.q_var) / 3.0);
      negative_loads_.push_back(std::move(c));
    }
  }
}

void MatpowerReader::read_branches() {
  const MatlabValue& branches = field("branch");
  for (std::size_t i = 0; i < branches.rows && ok(); ++i) read_branch({branches, "branch", i});
}

void MatpowerReader::read_branch(const Row& row) {
  namespace at = matpower::branch;
  const std::uint32_t from = bus(row, "F_BUS", at::from), to = bus(row, "T_BUS", at::to);
  if (!ok() || from == absent_ || to == absent_ || !finite(row, at::columns)) return;
  const Complex z(row[at::r], row[at::x]);
  if (is_too_small(z))
    return refuse(row, "BR_X", at::x, "BR_R and BR_X not both 0 (nor below 1e-12)");
  if (row[at::tap] < 0 || (row[at::tap] != 0 && is_too_small(row[at::tap])))
    return refuse(row, "TAP", at::tap, "at least 0 (1e-12 where it is not 0)");
  if (row[at::rate_a] < 0) return refuse(row, "RATE_A", at::rate_a, "at least 0");
  const double from_v = net_.buses[from].nominal_v, to_v = net_.buses[to].nominal_v;
  const double base_ohm = 3 * to_v * to_v / base_va_;
  const double tap = row[at::tap] == 0 ? 1 : row[at::tap];
  const double rated_va = row[at::rate_a] * mega;
  const bool closed = row[at::status] != 0;
  const Complex y(0, row[at::b] / base_ohm);
  const auto finish = [&](auto& branch) {
    branch.name = net_.buses[from].name + " - " + net_.buses[to].name;
    branch.id = static_cast<std::int64_t>(row.index) + 1;
    branch.from = from;
    branch.to = to;
    branch.from_closed = branch.to_closed = closed;
  };
  if (tap == 1 && row[at::shift] == 0 && from_v == to_v) {
    Line line;
    finish(line);
    line.z = from_sequence(z * base_ohm, z * base_ohm);
    line.shunt = from_sequence(y, y);
    line.rated_a = rated_va / (3 * from_v);
    net_.lines.push_back(std::move(line));
  } else {
    PiBranch pi{from, to, from_v, to_v, z * base_ohm, y, tap, 0};
    pi.theta_rad = row[at::shift] * std::numbers::pi / 180;
    Transformer transformer = transformer_of(pi);
    finish(transformer);
    transformer.rated_va = rated_va;
    net_.transformers.push_back(std::move(transformer));
  }
}

}  // namespace

Result<Network> read_matpower(const std::string& path, std::string_view text) {
  const auto fields = run_matlab(text, path);
  if (!fields) return failure(fields.error());
  return MatpowerReader(path, *fields).run();
}

}  // namespace twin
