// Every decoder of the ledger on thousands of damaged inputs: a short form of
// `scripts/campaign fuzz-ledger`, with the same properties (tests/fuzz/ledger_decoders.hpp).

#include <algorithm>
#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "tests/fuzz/ledger_decoders.hpp"

using namespace ledger;

namespace {

// One to three changes, each small: what decoders that read lengths, counts and texts stumble over.
Bytes mutated(Bytes bytes, const std::vector<Bytes>& others, Rng& rng) {
  const auto at = [&] {
    return static_cast<std::ptrdiff_t>(bytes.empty() ? 0 : rng.below(bytes.size()));
  };
  for (std::uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
    const auto begin = bytes.begin() + at();
    const auto end = begin + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(rng.below(40)),
                                                      bytes.end() - begin);
    switch (rng.below(8)) {
      case 0:  // a bit
        if (begin != bytes.end()) *begin ^= static_cast<std::uint8_t>(1u << rng.below(8));
        break;
      case 1:  // the end
        bytes.erase(begin, bytes.end());
        break;
      case 2:  // a piece out
        bytes.erase(begin, end);
        break;
      case 3: {  // a piece twice
        const Bytes piece(begin, end);
        bytes.insert(begin, piece.begin(), piece.end());
        break;
      }
      case 4:  // a byte at a bound
        bytes.insert(begin, std::array<std::uint8_t, 8>{0, 1, 0x7f, 0x80, 0xff, '0', '\n',
                                                        ' '}[rng.below(8)]);
        break;
      case 5:  // something behind the end
        bytes.push_back(static_cast<std::uint8_t>(rng.below(256)));
        break;
      case 6: {  // a line out
        const auto line = std::find(begin, bytes.end(), '\n');
        if (line != bytes.end()) bytes.erase(line, std::find(line + 1, bytes.end(), '\n'));
        break;
      }
      default: {  // the tail of another one
        const Bytes& other = others[rng.below(others.size())];
        bytes.erase(begin, bytes.end());
        const std::size_t from = std::min(bytes.size(), other.size());
        bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
      }
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("decoders: each takes its seeds, and damaged ones only where all that must hold does") {
  constexpr int inputs = 2000;
  for (std::size_t d = 0; d < fuzz::decoders; ++d) {
    const auto decoder = static_cast<fuzz::Decoder>(d);
    CAPTURE(fuzz::name_of(decoder));
    const std::vector<Bytes> seeds = fuzz::seeds(decoder);
    for (const Bytes& seed : seeds) {
      CHECK(fuzz::decode_bytes(decoder, seed).taken);
      CHECK(fuzz::decode_bytes(decoder, seed).wrong == "");
    }
    Rng rng = Rng(7).fork("damage", d);
    int refused = 0;
    for (int i = 0; i < inputs; ++i) {
      const Bytes input = mutated(seeds[rng.below(seeds.size())], seeds, rng);
      const fuzz::Outcome outcome = fuzz::decode_bytes(decoder, input);
      refused += outcome.taken ? 0 : 1;
      if (!outcome.wrong.empty()) FAIL_CHECK(outcome.wrong, ": ", to_hex(input));
    }
    CHECK(refused > inputs / 10);
    CHECK(refused < inputs);
  }
}
