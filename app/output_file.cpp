#include "app/output_file.hpp"

#include <filesystem>
#include <fstream>

namespace app {

ledger::Result<void> write_file(const std::string& path, const std::string& text) {
  const std::string beside = path + ".part";
  std::ofstream file(beside, std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(beside, path, error);
  if (file && !error) return {};
  std::error_code ignored;
  std::filesystem::remove(beside, ignored);
  return ledger::failure(path + ": cannot be written");
}

}  // namespace app
