// One reader under clang's libFuzzer, with AddressSanitizer and UBSan: the preset `fuzz` builds
// fuzz_grid_pgm, fuzz_grid_matpower, fuzz_grid_simbench and fuzz_grid_dss. An input that crashes,
// hangs or leaks is kept by libFuzzer; a message that does not begin with a file's name is a crash.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/grid_seeds.hpp"
#include "tests/fuzz/seed_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string message = fuzz::read_bytes(fuzz::Reader::AIPCHAIN_FUZZED_READER, bytes);
  if (message.empty() || message.starts_with("input")) return 0;
  std::fprintf(stderr, "message without its file: %s\n", message.c_str());
  std::abort();
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  fuzz::write_seeds_if_asked(*argc, *argv, fuzz::seeds(fuzz::Reader::AIPCHAIN_FUZZED_READER));
  return 0;
}
