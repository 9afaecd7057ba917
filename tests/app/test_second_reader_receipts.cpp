// Both readers on receipts, whole and damaged. AIPCHAIN_FLIPS sets another number of random
// damages, AIPCHAIN_SEED another seed.

#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "tests/app/reader_cases.hpp"
#include "tests/support/setting.hpp"
#include "tests/twin/swap_bench.hpp"

using namespace ledger;
using nlohmann::json;

namespace {

// Every list in a receipt as other things that a loop runs over.
void damage_lists(test::ReaderCases& cases, const json& whole, const json::json_pointer& at) {
  const json& value = whole.at(at);
  const auto put = [&](const char* what, const json& instead) {
    json changed = whole;
    changed[at] = instead;
    cases.receipt(at.to_string() + what, changed.dump() + "\n");
  };
  if (value.is_array()) {
    json keyed = json::object();
    for (std::size_t i = 0; i < value.size(); ++i) keyed[std::to_string(10'000 + i)] = value[i];
    put(" as an object", keyed);
    put(" as null", json());
    if (value.size() == 1) put(" by itself", value[0]);
    if (!value.empty()) {
      json first = value;
      first[0] = nullptr;
      put(" with null as its first one", first);
    }
  }
  if (!value.is_structured()) return;
  for (const auto& [key, inner] : value.items())
    if (value.is_object()) damage_lists(cases, whole, at / key);
  if (value.is_array() && !value.empty()) damage_lists(cases, whole, at / std::size_t{0});
}

// Every value of a receipt left out, doubled, changed, or taken from another one.
void damage_json(test::ReaderCases& cases, const json& whole, const json& other) {
  const json flat = whole.flatten(), theirs = other.flatten();
  std::size_t number = 0;
  const auto put = [&](const std::string& name, const json& changed) {
    if (changed != whole) cases.receipt(name, changed.dump() + "\n");
  };
  damage_lists(cases, whole, json::json_pointer());
  for (const auto& [pointer, value] : flat.items()) {
    const json::json_pointer at(pointer);
    // Hashes of paths and readings are many and alike.
    if (pointer.find("/readings/") != std::string::npos && ++number % 8 != 0) continue;
    json changed = whole;
    if (value.is_number()) {
      changed[at] = value.get<std::int64_t>() + 1;
      put(pointer + " and one", changed);
      changed[at] = std::to_string(value.get<std::int64_t>());
      put(pointer + " as text", changed);
    }
    changed[at] = nullptr;
    put(pointer + " is null", changed);
    if (theirs.contains(pointer)) {
      changed[at] = theirs.at(pointer);
      put(pointer + " of another", changed);
    }
    const json::json_pointer parent = at.parent_pointer();
    changed = whole;
    if (changed[parent].is_array())
      changed[parent].erase(std::stoul(at.back()));
    else
      changed[parent].erase(at.back());
    put(pointer + " left out", changed);
  }
  for (const auto& [key, value] : whole.items()) {
    json changed = whole;
    changed[key] = other.at(key);
    put(key + " of another", changed);
    if (!value.is_array() || value.empty()) continue;
    changed = whole;
    changed[key].push_back(value[0]);
    put(key + ": first one again", changed);
    changed = whole;
    std::swap(changed[key].front(), changed[key].back());
    put(key + ": first and last swapped", changed);
  }
}

}  // namespace

TEST_CASE("both readers say the same of receipts, whole and damaged") {
  test::ReaderCases cases;
  REQUIRE(test::read_run().receipts.size() == 12);
  for (const std::string& receipt : test::read_run().receipts) {
    CHECK(test::verdict_of(receipt) == "");
    cases.receipt("a receipt", receipt);
  }
  const std::string& whole = test::read_run().receipts[0];
  damage_json(cases, json::parse(whole), json::parse(test::read_run().receipts[2]));
  damage_json(cases, json::parse(whole), json::parse(test::read_run().receipts[1]));
  Rng rng = Rng(test::setting("AIPCHAIN_SEED", 1)).fork("receipts");
  for (std::uint64_t k = 0; k < test::setting("AIPCHAIN_FLIPS", 400); ++k) {
    std::string text = test::read_run().receipts[rng.below(test::read_run().receipts.size())];
    const std::uint64_t at = rng.below(text.size());
    text[at] = static_cast<char>(text[at] ^ static_cast<char>(1u << rng.below(8)));
    cases.receipt("bit at " + std::to_string(at) + ", damage " + std::to_string(k), text);
  }
  for (const std::string& garbage :
       {std::string(), std::string("{}\n"), std::string("null\n"), std::string(500, '\xff'),
        std::string(20'000, '['), whole + "\n", whole.substr(1), whole + whole})
    cases.receipt("garbage", garbage);
  cases.compare();
}

TEST_CASE("both readers say the same of receipts over a meter's key change that came late") {
  using swap_bench::epoch_ms;
  test::ReaderCases cases;
  // Before which epoch the ledger has the change, and from which on the gateway hears.
  for (const auto& late : {std::pair{1u, 6u}, {5u, 5u}, {6u, 6u}, {6u, 8u}})
    for (const bool cut_off : {false, true}) {
      const std::uint32_t there = late.first, heard = late.second;
      swap_bench::SwapBench b(false);
      b.cut_off = cut_off;
      b.silent = true;
      for (std::uint32_t epoch = 1; epoch <= 10; ++epoch) {
        if (epoch == there) b.put(swap_bench::meter_key(1), (epoch - 1) * epoch_ms + 10'000);
        if (epoch == heard) b.cut_off = b.silent = false;
        b.since(epoch < there || (cut_off && epoch < heard) ? "old meter" : "next key", epoch,
                epoch);
      }
      b.close(10 * epoch_ms + 30'000);
      for (std::uint32_t slot = 0; slot <= 4; ++slot) {
        const std::string receipt = b.receipt(slot);
        // Of a slot behind the change's, and posted behind the change.
        const bool old_key = cut_off && slot >= 2 && 2 * slot + 1 < heard;
        CAPTURE(there);
        CAPTURE(heard);
        CAPTURE(cut_off);
        CAPTURE(slot);
        CHECK(test::verdict_of(receipt) == (old_key ? "readings" : ""));
        cases.receipt("slot " + std::to_string(slot), receipt);
      }
    }
  cases.compare();
}
