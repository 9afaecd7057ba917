// The order book's reader under clang's libFuzzer, with AddressSanitizer and UBSan: the preset
// `fuzz` builds fuzz_book_reader. An input that crashes, hangs or leaks is kept by libFuzzer; one
// that breaks a promise of the reader is a crash.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/order_book_seeds.hpp"
#include "tests/fuzz/seed_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string problem = fuzz::problem_of_book(bytes);
  if (problem.empty()) return 0;
  std::fprintf(stderr, "%s\n", problem.c_str());
  std::abort();
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  fuzz::write_seeds_if_asked(*argc, *argv, fuzz::order_book_seeds());
  return 0;
}
