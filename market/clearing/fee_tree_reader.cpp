#include "market/clearing/fee_tree_reader.hpp"

#include <map>
#include <optional>

#include "ledger/base/cell_text.hpp"
#include "ledger/base/invariant.hpp"
#include "market/clearing/csv_cells.hpp"
#include "market/clearing/decimal.hpp"

namespace market {

using ledger::failure;
using ledger::Price;
using ledger::Result;
using ledger::trimmed;

namespace {

constexpr std::size_t max_fee_tree_bytes = 16u << 20, max_node_name = 64;
constexpr std::string_view fee_tree_heading = "node,parent,fee_eur_per_kwh,net_import_kwh";
constexpr std::int64_t max_net_import_wh = 1'000'000'000;

class FeeTreeReader {
 public:
  FeeTreeReader(std::string_view text, const std::string& file) : rest_(text), file_(file) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  Result<NamedFeeTree> read(std::uint32_t relief_percent) {
    if (rest_.size() > max_fee_tree_bytes) return failure(file_ + ": larger than 16 MiB");
    if (const auto line = next_line(); !line || *line != fee_tree_heading)
      return failure(where() + "wants the heading " + std::string(fee_tree_heading));
    while (const auto line = next_line())
      if (std::string why = take_node(*line); !why.empty()) return failure(where() + why);
    if (out_.tree.empty()) return failure(where() + "has no node");
    set_directional_fees(out_.tree, fees_, net_import_, relief_percent);
    return std::move(out_);
  }

 private:
  std::string where() const { return file_ + ":" + std::to_string(line_) + ": "; }

  std::optional<std::string_view> next_line() {
    while (!rest_.empty()) {
      const std::size_t end = rest_.find('\n');
      const std::string_view line = trimmed(rest_.substr(0, end));
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      ++line_;
      if (!line.empty()) return line;
    }
    return std::nullopt;
  }

  std::string take_node(std::string_view line) {
    if (out_.tree.size() == max_fee_nodes) return "node: one too many; at most 100000";
    const auto cells = cells_of(line, 4);
    if (!cells) return "a quote is not closed, or something follows it";
    if (cells->count != 4) return "wants four cells";
    const std::string &name = cells->kept[0], &parent = cells->kept[1];
    if (name.empty() || name.size() > max_node_name || !is_plain_text(name))
      return "node: wants a name of 1 to 64 bytes of UTF-8 without control characters";
    const bool is_root = out_.tree.empty();
    const auto above = place_.find(parent);
    if (is_root != parent.empty() || (!is_root && above == place_.end()))
      return is_root ? "parent: the root has none" : "parent: is no earlier node";
    const auto eur = decimal_of(cells->kept[2], 6), kwh = decimal_of(cells->kept[3], 3);
    if (!eur || !eur->exact || eur->units < 0 || eur->units > max_order_price.value ||
        (is_root && eur->units != 0))
      return is_root ? "fee_eur_per_kwh: the root's is 0"
                     : "fee_eur_per_kwh: wants 0 to 100, in whole micro-euro";
    if (!kwh || !kwh->exact || kwh->units > max_net_import_wh || kwh->units < -max_net_import_wh)
      return "net_import_kwh: wants a number within 1000000, in whole Wh";
    if (!place_.emplace(name, static_cast<std::uint32_t>(out_.tree.size())).second)
      return "node: its name is taken";
    out_.tree.push_back({is_root ? 0 : above->second, {}, {}});
    out_.names.emplace_back(name);
    fees_.push_back({eur->units});
    net_import_.push_back(kwh->units);
    return {};
  }

  std::string_view rest_;
  const std::string& file_;
  std::size_t line_ = 0;
  NamedFeeTree out_;
  std::map<std::string, std::uint32_t> place_;  // by name
  std::vector<Price> fees_;
  std::vector<std::int64_t> net_import_;
};

}  // namespace

Result<NamedFeeTree> read_fee_tree(std::string_view text, const std::string& file,
                                   std::uint32_t relief_percent) {
  ledger::invariant(relief_percent <= 100, "a share");
  return FeeTreeReader(text, file).read(relief_percent);
}

}  // namespace market
