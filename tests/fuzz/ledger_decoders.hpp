#pragma once
// What must hold of every decoder whatever the bytes, for the fuzz targets and for the tests' own
// mutated inputs:
//
//   canonical   what decodes encodes to the same bytes again
//   refusals    give a reason, in printable ASCII
//   sound       a vote, certificate, checkpoint, note, proof or receipt that verifies says what the
//               seeds say: those who mutate them have no key and find no collision
//
// Crashes, undefined behaviour, leaks, time and memory are the sanitizers' and libFuzzer's to see.

#include <string>

#include "tests/fuzz/ledger_seeds.hpp"

namespace fuzz {

struct Outcome {
  bool taken = false;  // decoded
  std::string wrong;   // what does not hold; empty where all does
};
Outcome decode_bytes(Decoder decoder, ledger::BytesView bytes);

}  // namespace fuzz
