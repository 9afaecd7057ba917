#include "ledger/tlog/tlog_proof.hpp"

#include <algorithm>
#include <charconv>

#include "ledger/merkle/log_tree.hpp"
#include "ledger/merkle/proof.hpp"

namespace ledger {
namespace {

constexpr std::string_view first_line = "c2sp.org/tlog-proof@v1\n";
constexpr std::string_view index_word = "index ";
constexpr std::size_t max_siblings = 64;

}  // namespace

std::string write_tlog_proof(const TlogProof& proof) {
  std::string out =
      std::string(first_line) + std::string(index_word) + std::to_string(proof.index) + "\n";
  for (const Hash& h : proof.siblings) out += to_base64(h) + "\n";
  return out + "\n" + proof.checkpoint;
}

Result<TlogProof> parse_tlog_proof(std::string_view text) {
  std::string_view rest = text;
  if (!rest.starts_with(first_line)) return failure("this is not a tlog-proof");
  rest.remove_prefix(first_line.size());
  if (!rest.starts_with(index_word)) return failure("a proof has an index line");
  rest.remove_prefix(index_word.size());
  TlogProof proof;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), proof.index);
  if (error != std::errc{}) return failure("a proof's index is a number");
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (!rest.starts_with('\n')) return failure("a proof's index stands alone on its line");
  rest.remove_prefix(1);
  while (!rest.starts_with('\n')) {
    const std::size_t newline = rest.find('\n');
    if (newline == std::string_view::npos || proof.siblings.size() >= max_siblings)
      return failure("a proof has an empty line before its checkpoint");
    const auto hash = from_base64(rest.substr(0, newline));
    if (!hash || hash->size() != 32) return failure("a proof's line is base64 of 32 bytes");
    std::copy(hash->begin(), hash->end(), proof.siblings.emplace_back().begin());
    rest.remove_prefix(newline + 1);
  }
  proof.checkpoint = rest.substr(1);
  if (write_tlog_proof(proof) != text) return failure("a proof is not in its canonical form");
  return proof;
}

Result<void> verify_tlog_proof(const TlogProof& proof, BytesView entry, const Policy& policy,
                               Verifier& verifier) {
  const auto checkpoint = check_checkpoint(proof.checkpoint, policy, verifier);
  if (!checkpoint) return failure(checkpoint.error());
  if (!verify_inclusion(leaf_hash(entry), proof.index, checkpoint->size, proof.siblings,
                        checkpoint->root))
    return failure("the entry is not at index " + std::to_string(proof.index) + " of the log");
  return {};
}

}  // namespace ledger
