// One reader under clang's libFuzzer, with AddressSanitizer and UBSan: the preset `fuzz` builds
// fuzz_grid_pgm, fuzz_grid_matpower, fuzz_grid_simbench and fuzz_grid_dss. An input that crashes,
// hangs or leaks is kept by libFuzzer; a message that does not begin with a file's name is a crash.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/grid_seeds.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string message = fuzz::read_bytes(fuzz::Reader::AIPCHAIN_FUZZED_READER, bytes);
  if (message.empty() || message.starts_with("input")) return 0;
  std::fprintf(stderr, "message without its file: %s\n", message.c_str());
  std::abort();
}

// `-write-seeds DIR` is not libFuzzer's: the built-in seeds go where it looks for them.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc != 3 || std::string_view((*argv)[1]) != "-write-seeds") return 0;
  int number = 0;
  for (const std::string_view seed : fuzz::seeds(fuzz::Reader::AIPCHAIN_FUZZED_READER)) {
    const std::string path = std::string((*argv)[2]) + "/seed-" + std::to_string(number++);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file) std::exit(2);
    std::fwrite(seed.data(), 1, seed.size(), file);
    std::fclose(file);
  }
  std::exit(0);
}
