#pragma once
// A small public log whose keys anybody can derive (tests/support/signed_log.hpp), with something
// wrong in it from the start: what a quorum that lies, or a program with a fault, would publish.
// All that follows from the wrong part follows, and is signed.

#include <functional>
#include <map>

#include "ledger/consensus/messages.hpp"
#include "tests/support/signed_log.hpp"

namespace ledger {

struct LogForger {
  Genesis genesis;
  std::vector<std::vector<Bytes>> blocks;  // entries of each
  std::vector<std::uint32_t> voters{0, 1, 2};
  std::vector<std::size_t> cosigners{0, 1, 2};
  std::uint64_t unix_seconds = 1'750'000'000;  // of cosignatures
  // Each is called before what it gets is hashed or signed.
  std::function<void(std::string&)> genesis_text = [](std::string&) {};
  std::function<void(BlockHeader&)> header = [](BlockHeader&) {};
  std::function<void(Vote&)> vote = [](Vote&) {};
  std::function<void(Certificate&)> certificate = [](Certificate&) {};
  std::function<void(Checkpoint&)> checkpoint = [](Checkpoint&) {};
  std::function<void(SignedNote&)> note = [](SignedNote&) {};

  LogForger();  // four validators, three blocks of a few entries
  // By path below log/.
  std::map<std::string, Bytes> files() const;
};

// An entry of a kind with a body of these bytes and an empty openings root.
Bytes entry_of(std::uint8_t kind, const std::string& body);

}  // namespace ledger
