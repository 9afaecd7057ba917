#pragma once
// `-write-seeds DIR`, an argument of the fuzz targets that is not libFuzzer's: the built-in seeds
// go where it looks for them.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fuzz {

// Writes them and ends the process where the arguments ask for it. A seed is a range of bytes.
template <class Seeds>
void write_seeds_if_asked(int argc, char** argv, const Seeds& seeds) {
  if (argc != 3 || std::string_view(argv[1]) != "-write-seeds") return;
  int number = 0;
  for (const auto& seed : seeds) {
    const std::string path = std::string(argv[2]) + "/seed-" + std::to_string(number++);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file) std::exit(2);
    std::fwrite(seed.data(), 1, seed.size(), file);
    std::fclose(file);
  }
  std::exit(0);
}

}  // namespace fuzz
