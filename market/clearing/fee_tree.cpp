#include "market/clearing/fee_tree.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "ledger/base/invariant.hpp"
#include "market/clearing/clearing.hpp"
#include "market/clearing/thousandths.hpp"

namespace market {

using ledger::Price;
using ledger::WattHours;
using ledger::Wide;

namespace {

constexpr std::int64_t no_bound = std::numeric_limits<std::int64_t>::max();

// A step of a subtree's worth: an order's next Wh. A better buyer and a dearer seller stand higher;
// at equal worth buyers stand above sellers, so that they trade.
struct Step {
  std::int64_t worth = 0;
  bool buys = false;
  std::int64_t rank = 0;  // smaller ids above among buyers, below among sellers
  std::uint32_t order = 0;
  auto operator<=>(const Step&) const = default;
};

// Steps on one side of a subtree's present net import, with their widths in Wh. All of them move
// together when an edge is crossed.
class Steps {
 public:
  bool empty() const { return widths_.empty(); }
  void move(std::int64_t by) { moved_ += by; }
  void add(Step step, std::int64_t width) {
    step.worth -= moved_;
    widths_[step] += width;
  }
  // The smaller one goes into the larger.
  void merge(Steps other) {
    if (other.widths_.size() > widths_.size()) std::swap(*this, other);
    other.each([&](const Step& step, std::int64_t width) { add(step, width); });
  }
  std::pair<Step, std::int64_t> lowest() const { return moved(*widths_.begin()); }
  std::pair<Step, std::int64_t> highest() const { return moved(*widths_.rbegin()); }
  void take(Step step, std::int64_t width) {
    step.worth -= moved_;
    const auto at = widths_.find(step);
    if ((at->second -= width) == 0) widths_.erase(at);
  }
  template <class Visit>
  void each(const Visit& visit) const {
    for (const auto& entry : widths_) {
      const auto [step, width] = moved(entry);
      visit(step, width);
    }
  }

 private:
  std::pair<Step, std::int64_t> moved(const std::pair<const Step, std::int64_t>& entry) const {
    Step step = entry.first;
    step.worth += moved_;
    return {step, entry.second};
  }
  std::map<Step, std::int64_t> widths_;
  std::int64_t moved_ = 0;
};

// A subtree at its present trades: what a Wh less would cost it, what a Wh more would be worth.
struct Subtree {
  Steps less, more;  // filled buyers and open sellers; open buyers and filled sellers

  void settle() {
    while (!less.empty() && !more.empty()) {
      const auto [low, low_width] = less.lowest();
      const auto [high, high_width] = more.highest();
      if (!(low < high)) return;
      const std::int64_t width = std::min(low_width, high_width);
      less.take(low, width);
      more.take(high, width);
      less.add(high, width);
      more.add(low, width);
    }
  }
};

// Prices at which a node neither wants more nor less.
struct Range {
  std::int64_t low = -no_bound, high = no_bound;

  std::int64_t middle() const {
    if (low == -no_bound && high == no_bound) return 0;
    if (low == -no_bound) return high;
    if (high == no_bound) return low;
    return low + (high - low) / 2;
  }
};

std::vector<std::int64_t> ranks_by_id(std::span<const Order> orders) {
  std::vector<std::uint32_t> sorted(orders.size());
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::sort(sorted.begin(), sorted.end(),
            [&](std::uint32_t a, std::uint32_t b) { return orders[a].id < orders[b].id; });
  std::vector<std::int64_t> out(orders.size());
  for (std::size_t k = 0; k < sorted.size(); ++k) out[sorted[k]] = static_cast<std::int64_t>(k);
  return out;
}

class Matching {
 public:
  Matching(std::span<const Order> orders, std::span<const std::uint32_t> nodes, const FeeTree& tree)
      : orders_(orders), nodes_(nodes), tree_(tree), ranges_(tree.size()) {}

  FeeTreeClearing run() {
    rank_ = ranks_by_id(orders_);
    fill();
    find_flows();
    find_prices();
    find_trades();
    return std::move(out_);
  }

 private:
  // From the leaves to the root, which takes nothing from above.
  void fill() {
    std::vector<Subtree> subtrees(tree_.size());
    for (std::uint32_t i = 0; i < orders_.size(); ++i) {
      const Order& o = orders_[i];
      const bool buys = o.side == Side::buy;
      Subtree& at = subtrees[nodes_[i]];
      (buys ? at.more : at.less)
          .add({o.limit.value, buys, buys ? -rank_[i] : rank_[i], i}, o.energy.value);
    }
    for (std::size_t n = tree_.size(); n-- > 0;) {
      Subtree& here = subtrees[n];
      here.settle();
      if (!here.more.empty()) ranges_[n].low = here.more.highest().first.worth;
      if (!here.less.empty()) ranges_[n].high = here.less.lowest().first.worth;
      if (n == 0) break;
      here.less.move(tree_[n].up.value);
      here.more.move(-tree_[n].down.value);
      Subtree& above = subtrees[tree_[n].parent];
      above.less.merge(std::move(here.less));
      above.more.merge(std::move(here.more));
    }
    out_.fills.resize(orders_.size());
    subtrees[0].less.each([&](const Step& s, std::int64_t width) {
      if (s.buys) out_.fills[s.order].value += width;
    });
    subtrees[0].more.each([&](const Step& s, std::int64_t width) {
      if (!s.buys) out_.fills[s.order].value += width;
    });
  }

  void find_flows() {
    flow_.assign(tree_.size(), 0);
    Wide fees = 0;
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      const std::int64_t wh = out_.fills[i].value;
      const bool buys = orders_[i].side == Side::buy;
      flow_[nodes_[i]] += buys ? wh : -wh;
      if (buys) out_.volume += out_.fills[i];
    }
    for (std::size_t n = tree_.size(); n-- > 1;) {
      flow_[tree_[n].parent] += flow_[n];
      const Price fee = flow_[n] > 0 ? tree_[n].down : tree_[n].up;
      fees += static_cast<Wide>(std::abs(flow_[n])) * fee.value;
    }
    out_.welfare = welfare_of(orders_, out_.fills);
    out_.fees = from_thousandths(fees);
  }

  void find_prices() {
    out_.prices.resize(tree_.size());
    out_.prices[0] = {ranges_[0].middle()};
    for (std::size_t n = 1; n < tree_.size(); ++n) {
      const std::int64_t above = out_.prices[tree_[n].parent].value;
      const std::int64_t most = above + tree_[n].down.value, least = above - tree_[n].up.value;
      const bool idle = ranges_[n].low == -no_bound && ranges_[n].high == no_bound;
      const std::int64_t own = idle ? above : ranges_[n].middle();
      out_.prices[n] = {flow_[n] > 0 ? most : flow_[n] < 0 ? least : std::clamp(own, least, most)};
    }
  }

  // What is left at a node when it has traded within itself, one side only: Wh by rank.
  using Open = std::map<std::int64_t, std::int64_t>;

  void find_trades() {
    std::vector<Open> buyers(tree_.size()), sellers(tree_.size());
    by_rank_.resize(orders_.size());
    for (std::uint32_t i = 0; i < orders_.size(); ++i) {
      by_rank_[static_cast<std::size_t>(rank_[i])] = i;
      if (out_.fills[i].value > 0)
        (orders_[i].side == Side::buy ? buyers : sellers)[nodes_[i]][rank_[i]] =
            out_.fills[i].value;
    }
    for (std::size_t n = tree_.size(); n-- > 0;) {
      pair_up(buyers[n], sellers[n]);
      if (n == 0) break;
      for (std::vector<Open>* side : {&buyers, &sellers}) {
        Open &here = (*side)[n], &above = (*side)[tree_[n].parent];
        if (here.size() > above.size()) std::swap(here, above);
        above.merge(here);  // the smaller one goes into the larger
        here = {};
      }
    }
  }

  void pair_up(Open& buyers, Open& sellers) {
    while (!buyers.empty() && !sellers.empty()) {
      const auto bought = buyers.begin(), sold = sellers.begin();
      const std::uint32_t buyer = order_of(bought->first), seller = order_of(sold->first);
      const std::int64_t energy = std::min(bought->second, sold->second);
      const Price got = out_.prices[nodes_[seller]], paid = out_.prices[nodes_[buyer]];
      out_.trades.push_back({buyer, seller, {energy}, got, {}, paid - got});
      if ((bought->second -= energy) == 0) buyers.erase(bought);
      if ((sold->second -= energy) == 0) sellers.erase(sold);
    }
  }
  std::uint32_t order_of(std::int64_t rank) const {
    return by_rank_[static_cast<std::size_t>(rank)];
  }

  std::span<const Order> orders_;
  std::span<const std::uint32_t> nodes_;
  const FeeTree& tree_;
  std::vector<Range> ranges_;       // by node, at no net import
  std::vector<std::int64_t> rank_;  // by order
  std::vector<std::uint32_t> by_rank_;
  std::vector<std::int64_t> flow_;  // by node: what its subtree buys from above, Wh
  FeeTreeClearing out_;
};

}  // namespace

std::string check_fee_tree(const FeeTree& tree) {
  if (tree.empty() || tree.size() > max_fee_nodes) return "a fee tree has 1 to 100000 nodes";
  if (tree[0].parent != 0 || tree[0].up.value != 0 || tree[0].down.value != 0)
    return "a fee tree begins with its root, which has no fees";
  for (std::size_t n = 1; n < tree.size(); ++n) {
    const std::string node = "node " + std::to_string(n) + " of the fee tree ";
    if (tree[n].parent >= n) return node + "does not stand behind its parent";
    for (const Price fee : {tree[n].up, tree[n].down})
      if (fee.value < 0 || fee > max_order_price) return node + "has no fee of 0 to 100 EUR/kWh";
  }
  return {};
}

void set_directional_fees(FeeTree& tree, std::span<const Price> full_fee,
                          std::span<const std::int64_t> net_import, std::uint32_t relief_percent) {
  ledger::invariant(
      full_fee.size() == tree.size() && net_import.size() == tree.size() && relief_percent <= 100,
      "a fee and a flow a node");
  for (std::size_t n = 1; n < tree.size(); ++n) {
    const Price relief{ledger::mul_div_round(full_fee[n].value, relief_percent, 100)};
    tree[n].down = net_import[n] < 0 ? relief : full_fee[n];
    tree[n].up = net_import[n] > 0 ? relief : full_fee[n];
  }
}

FeeTreeClearing clear_fee_tree(std::span<const Order> orders, std::span<const std::uint32_t> nodes,
                               const FeeTree& tree) {
  ledger::invariant(orders.size() <= max_orders_a_slot && nodes.size() == orders.size() &&
                        std::all_of(orders.begin(), orders.end(), within_bounds),
                    "a book within its bounds, and where its orders stand");
  ledger::invariant(
      check_fee_tree(tree).empty() &&
          std::all_of(nodes.begin(), nodes.end(), [&](std::uint32_t n) { return n < tree.size(); }),
      "a fee tree within its bounds, with all nodes");
  return Matching(orders, nodes, tree).run();
}

}  // namespace market
