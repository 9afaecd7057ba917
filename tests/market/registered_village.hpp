#pragma once
// The village's meters on a chain of any genesis.

#include <doctest/doctest.h>

#include "tests/market/village_support.hpp"

namespace market_test {

class RegisteredVillage {
 public:
  explicit RegisteredVillage(const Genesis& genesis)
      : genesis_(genesis), id_(chain_id_of(genesis_)), state_(genesis_, verifier_) {
    for (const std::uint32_t g : {0u, 1u})
      CHECK(refusal(Village::signed_anew(Village::registration(g, {2 * g + 1, 2 * g + 2}),
                                         "registrar", id_)) == "");
  }
  RegisteredVillage(const RegisteredVillage&) = delete;

  // Why the transaction is not taken; empty: it is.
  std::string refusal(const Transaction& tx, std::int64_t time_ms = 0) {
    const auto applied = state_.apply(tx, leaf_of(tx), SignatureIs::unchecked, time_ms);
    return applied ? "" : applied.error().why;
  }
  MarketState& state() { return state_; }
  const Genesis& genesis() const { return genesis_; }
  const Hash& id() const { return id_; }

 private:
  Ed25519Verifier verifier_;
  Genesis genesis_;
  Hash id_;
  MarketState state_;
};

}  // namespace market_test
