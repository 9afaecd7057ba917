// The signed records of real meters in the shared data, each with the verdict of an independent
// implementation of ECDSA.

#include <algorithm>
#include <doctest/doctest.h>
#include <sstream>

#include "ledger/ocmf/ocmf_check.hpp"
#include "ledger/ocmf/ocmf_samples.hpp"
#include "tests/support/shared_data.hpp"

using namespace ledger;

namespace {

struct Row {
  std::string verdict, key, record;
};

std::vector<Row> rows() {
  std::istringstream in(test::read_text(test::shared_path("ocmf/records.tsv")).value());
  std::vector<Row> out;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const auto first = line.find('\t'), second = line.find('\t', first + 1);
    Row row{line.substr(0, first), line.substr(first + 1, second - first - 1),
            line.substr(second + 1)};
    for (std::size_t at; (at = row.record.find("\\n")) != std::string::npos;)
      row.record.replace(at, 2, "\n");
    out.push_back(row);
  }
  return out;
}

bool agrees(const std::string& expected, OcmfVerdict found) {
  if (expected.starts_with("other_"))
    return found == OcmfVerdict::malformed || found == OcmfVerdict::unsupported;
  return expected == name_of(found);
}

}  // namespace

TEST_CASE("ocmf records: every record of real meters gets its verdict") {
  if (!test::has_shared("ocmf/records.tsv")) {
    MESSAGE("skipped: ../shared/data/ocmf is not there");
    return;
  }
  const auto all = rows();
  CHECK(all.size() > 50);
  std::size_t valid = 0, with_energy = 0, flipped = 0;
  for (const Row& row : all) {
    CAPTURE(row.record);
    const OcmfCheck check = check_ocmf(row.record, row.key);
    CHECK_MESSAGE(agrees(row.verdict, check.verdict), row.verdict, ", found ",
                  name_of(check.verdict), ": ", check.why);
    if (check.verdict != OcmfVerdict::valid) continue;
    ++valid;
    CHECK(check.record->text == row.record);
    CHECK(check_ocmf(check.record->text, row.key).verdict == OcmfVerdict::valid);
    const auto samples = samples_of(*check.record);
    CHECK_MESSAGE(samples, samples.error());
    with_energy += samples && !samples->empty() ? 1 : 0;
    const auto digit = row.record.find_first_of("123456789", row.record.find("\"RV\""));
    std::string changed = row.record;
    changed[digit] = changed[digit] == '9' ? '8' : static_cast<char>(changed[digit] + 1);
    flipped += check_ocmf(changed, row.key).verdict != OcmfVerdict::valid ? 1 : 0;
  }
  CHECK(valid == static_cast<std::size_t>(std::count_if(
                     all.begin(), all.end(), [](const Row& r) { return r.verdict == "valid"; })));
  CHECK(flipped == valid);
  CHECK(with_energy + 1 == valid);  // one holds a tariff's register only
}
