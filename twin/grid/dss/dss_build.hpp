#pragma once
// What the files that turn a script's objects into a network share: its buses, the values of
// properties, and the first thing that was wrong. Each `add_...` goes on after something wrong
// with defaults; `problem` holds the first message.

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "twin/grid/dss/dss_script.hpp"
#include "twin/grid/model/network.hpp"

namespace twin {

// A property that an object was given.
struct DssSaid {
  const DssObject* object = nullptr;
  std::string_view name;
  const DssValue* value = nullptr;
};

// An element's end: its bus and the node of each conductor. 1 to 3 are the phases, 0 is ground,
// others are neutrals that hang free.
struct DssTerminal {
  std::uint32_t bus = 0;
  std::vector<int> nodes;
};

class DssBuild {
 public:
  explicit DssBuild(const DssScript& the_script) : script(the_script) {}

  const DssScript& script;
  Network net;
  std::string problem;  // empty: none yet
  // Where a winding of a Transformer went: the network's transformer whose `to` side it is, or
  // whose `from` side. What controls of taps refer to.
  struct Winding {
    std::uint32_t transformer = 0;
    bool at_to = true;
    double tap_step = 0.00625, tap_min = 0.9, tap_max = 1.1;
    bool controlled = false;
    bool line_currents_only = false;  // a delta of three phases: coils carry other currents
  };
  std::unordered_map<std::string, std::vector<Winding>> windings_of;  // by object name
  std::unordered_map<std::string, std::uint32_t> line_of;             // by object name
  std::vector<double> source_ln_v;                                    // base voltage of each source
  // The series of LoadShapes that were read.
  struct Shape {
    std::vector<double> values;  // of the base power; kW where `actual`
    double step_s = 3600;
    bool actual = false;
  };
  std::unordered_map<const DssObject*, Shape> shapes;
  std::size_t profile_values = 0;  // of all connections
  // Neutrals that hang free, and what they may be tied to ground with: by bus and node.
  std::map<std::pair<std::uint32_t, int>, std::vector<const DssObject*>> free_neutrals;

  void refuse(const DssObject& o, const DssPlace& place, const std::string& what);
  void refuse(const DssObject& o, const std::string& what) { refuse(o, o.place, what); }
  void refuse(const DssSaid& said, const std::string& what);

  std::vector<DssSaid> said_of(const DssObject& o);
  // The object of this type that the property names; null and refused where there is none.
  const DssObject* named_by(const DssSaid& said, const std::string& type);

  // Bounds: number_range.hpp.
  double number(const DssSaid& said);
  double above_zero(const DssSaid& said);
  double within(const DssSaid& said, double value);
  // A whole number from `least` to `most`.
  std::size_t count(const DssSaid& said, std::size_t least, std::size_t most);
  bool flag(const DssSaid& said);
  std::string word(const DssSaid& said) const;  // lower case
  std::vector<double> numbers(const DssSaid& said);
  // As many numbers as asked for, or fewer.
  std::vector<double> numbers(const DssSaid& said, std::size_t at_most);
  std::vector<std::string> list(const DssSaid& said);
  std::vector<double> matrix(const DssSaid& said, std::size_t order);

  // "bus.1.2.3": conductors without a node of their own stand at 1, 2, ... up to `phases`, the
  // rest at ground.
  DssTerminal terminal(const DssObject& o, const DssPlace& place, const std::string& spec,
                       std::size_t conductors, std::size_t phases);
  std::uint32_t bus(const DssObject& o, const DssPlace& place, const std::string& name);
  // The object that first named a bus, for messages.
  const DssObject& first_at(std::uint32_t bus) const { return *first_at_[bus]; }

 private:
  std::size_t work_ = 0;
  std::unordered_map<std::string, std::uint32_t> bus_index_;
  std::vector<const DssObject*> first_at_;
};

// Metres of a unit of length; 0 for "none". Nothing where there is no such unit.
std::optional<double> dss_metres(const std::string& unit);

// Each adds one object's elements to the network.
void add_source(DssBuild& build, const DssObject& o);
void add_line(DssBuild& build, const DssObject& o);
void add_transformer(DssBuild& build, const DssObject& o);
void add_tap_control(DssBuild& build, const DssObject& o);
void add_capacitor(DssBuild& build, const DssObject& o);
void add_reactor(DssBuild& build, const DssObject& o);
void add_load(DssBuild& build, const DssObject& o);
void add_generator(DssBuild& build, const DssObject& o);

// Lines and transformers that SwtControls open or close.
void add_switch_control(DssBuild& build, const DssObject& o);
// Free neutrals must be what the network can hold: isolated star points.
void check_neutrals(DssBuild& build);

// Nominal voltages: from the first source through the transformers, then the nearest of Set
// VoltageBases, then SetkVBase. Refuses buses that nothing joins to the source.
void name_voltages(DssBuild& build);

}  // namespace twin
