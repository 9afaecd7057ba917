#pragma once
// Reads a grid-fee tree from CSV text, which nothing here trusts:
//
//   node,parent,fee_eur_per_kwh,net_import_kwh
//
// The heading as it stands, then a node a line, parents before their children; cells as in an order
// book (market/clearing/csv_cells.hpp). CRLF, a byte-order mark and empty lines are let pass.
//   node             a name of its own, 1 to 64 bytes of UTF-8 without control characters; the
//                    first line is the root
//   parent           the name of an earlier node; of the root empty
//   fee_eur_per_kwh  full fee of a kWh over the node's edge, 0 to 100; of the root 0
//   net_import_kwh   what flows over the edge anyway, downwards positive, within 10^6: the way that
//                    it flows pays the full fee, the other one `relief_percent` of it; 0: both full
// Refused as a whole by "file:line: key: ..." at the first line that is none of this, or beyond
// 100,000 nodes or 16 MiB.

#include <string>
#include <string_view>
#include <vector>

#include "market/clearing/fee_tree.hpp"

namespace market {

struct NamedFeeTree {
  FeeTree tree;
  std::vector<std::string> names;  // by node
};

// `relief_percent`: 0 to 100.
ledger::Result<NamedFeeTree> read_fee_tree(std::string_view text, const std::string& file,
                                           std::uint32_t relief_percent);

}  // namespace market
