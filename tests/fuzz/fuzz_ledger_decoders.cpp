// One of the ledger's decoders under clang's libFuzzer, with AddressSanitizer and UBSan: the preset
// `fuzz` builds fuzz_ledger_NAME for each of fuzz::Decoder. An input that crashes, hangs or leaks
// is kept by libFuzzer; one for which something does not hold that must is made a crash.

#include "tests/fuzz/ledger_decoders.hpp"
#include "tests/fuzz/seed_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto outcome = fuzz::decode_bytes(fuzz::Decoder::AIPCHAIN_FUZZED_DECODER, {data, size});
  if (outcome.wrong.empty()) return 0;
  std::fprintf(stderr, "does not hold: %s\n", outcome.wrong.c_str());
  std::abort();
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  fuzz::write_seeds_if_asked(*argc, *argv, fuzz::seeds(fuzz::Decoder::AIPCHAIN_FUZZED_DECODER));
  return 0;
}
