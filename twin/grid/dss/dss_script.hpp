#pragma once
// Carries out an OpenDSS script: its commands make objects, and this is what they say of them in
// the end. Nothing is computed here.
//
// Commands that act   Clear, New, Edit, BatchEdit, More, M and ~, Select, object.property=value,
//                     Enable, Disable, Open, Close, Set, SetkVBase, Redirect, Compile, BusCoords,
//                     LatLongCoords, SetBusXY; Solve, whose options act as those of Set
// Commands that look  Show, Export, Plot, ... are accepted: they leave the network as it is
// All others are refused by name. A name may be cut short: the first of OpenDSS's commands that
// begins with it is meant.
//
// Paths stand below the folder of the file that names them; after Compile, also below the folder
// of the compiled file. /* begins a comment at the beginning of a line; it ends with the line that
// holds */.
//
// Bounds: 64 files inside one another, none of them inside itself; 20,000 files, 64 MiB of text,
// 1,000,000 objects, 4,000,000 property values of 256 MiB, 4,000,000 names tried by BatchEdit.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/base/result.hpp"
#include "twin/grid/dss/dss_classes.hpp"
#include "twin/grid/dss/dss_words.hpp"
#include "twin/scenario/scenario.hpp"

namespace twin {

struct DssPlace {
  const std::string* file = nullptr;
  std::uint32_t line = 0;
};
std::string words_of(const DssPlace& place);  // "file:line"

// A file as it is named below a folder; \ and / are the same.
std::string dss_path(const std::string& folder, std::string name);
// Takes the first line off a text, without its end.
std::string_view dss_next_line(std::string_view& rest);

struct DssValue {
  std::string text;
  DssPlace place;
};

struct DssObject {
  const DssClass* type = nullptr;
  std::string name;
  DssPlace place;
  // What was said of it in order, by property number; later words win.
  std::vector<std::pair<std::uint16_t, const DssValue*>> said;
  bool enabled = true;
  std::vector<bool> open_ends;  // by terminal; empty: none was opened

  std::string full_name() const { return std::string(type->name) + "." + name; }
};

class DssScript {
 public:
  explicit DssScript(const LoadFile& load) : load_(load) {}
  DssScript(const DssScript&) = delete;

  ledger::Result<void> run(const std::string& path);

  const std::deque<DssObject>& objects() const { return objects_; }
  // "type.name" in lower case; none: null.
  const DssObject* find(const std::string& full_name) const;
  // The value of an option of Set, its name in full; none: null.
  const DssValue* option(const std::string& name) const;

  std::map<std::string, std::pair<double, double>> coordinates;  // by bus
  std::map<std::string, double> base_ln_v;                       // by bus, of SetkVBase

 private:
  using Done = ledger::Result<void>;
  struct Command {
    std::string_view name;
    Done (DssScript::*act)(std::vector<DssWord> words);
  };
  static const std::vector<Command>& commands();
  static const Command* command_named(const std::string& name);

  Done run_file(const std::string& path, bool stay);
  Done run_text(std::string_view text, const std::string& path);
  Done line(std::string_view text);
  Done assign_by_path(const std::string& full_name, std::vector<DssWord> words);

  Done clear(std::vector<DssWord> words);
  Done create(std::vector<DssWord> words);
  Done edit(std::vector<DssWord> words);
  Done batch_edit(std::vector<DssWord> words);
  Done more(std::vector<DssWord> words);
  Done select(std::vector<DssWord> words);
  Done enable(std::vector<DssWord> words);
  Done disable(std::vector<DssWord> words);
  Done open(std::vector<DssWord> words);
  Done close(std::vector<DssWord> words);
  Done set(std::vector<DssWord> words);
  Done set_kv_base(std::vector<DssWord> words);
  Done redirect(std::vector<DssWord> words);
  Done compile(std::vector<DssWord> words);
  Done bus_coordinates(std::vector<DssWord> words);
  Done set_bus_xy(std::vector<DssWord> words);
  Done look(std::vector<DssWord> words);
  Done not_supported(std::vector<DssWord> words);

  Done switch_end(std::vector<DssWord> words, bool opened);
  Done assign(DssObject& object, const std::vector<DssWord>& words, std::size_t first);
  Done be_like(DssObject& object, const std::string& name);
  ledger::Result<const DssValue*> value_of(const DssObject& object, const std::string& property,
                                           const DssWord& word);
  ledger::Result<std::string> load_text(const std::string& name);
  ledger::Result<std::string> column_of(const std::string& file_words);
  ledger::Result<DssObject*> object_named(const std::vector<DssWord>& words,
                                          const std::string& command);
  DssObject* object_of(const std::string& full_name);
  tl::unexpected<std::string> refuse(const std::string& what) const;

  const LoadFile& load_;
  std::deque<std::string> files_;  // named by places
  std::deque<DssValue> values_;
  std::deque<DssObject> objects_;
  std::unordered_map<std::string, std::size_t> index_;
  std::map<std::string, DssValue> options_;
  std::vector<std::string> open_files_;
  std::string folder_;
  DssPlace here_;
  DssObject* last_ = nullptr;
  std::size_t total_bytes_ = 0, value_bytes_ = 0, total_said_ = 0, names_tried_ = 0,
              files_read_ = 0;
};

}  // namespace twin
