// Decisions a second of validators in one process with real signatures, each checked once: what
// consensus itself costs when the network costs nothing.

#include <benchmark/benchmark.h>
#include <deque>
#include <memory>

#include "ledger/base/rng.hpp"
#include "ledger/chain/block.hpp"
#include "ledger/consensus/driver.hpp"

namespace {

using namespace ledger;

// Messages are delivered in the order in which they were sent, at once.
class Loop {
 public:
  explicit Loop(std::uint32_t validators) : verifier_(plain_) {
    for (std::uint32_t v = 0; v < validators; ++v) {
      signers_.push_back(std::make_unique<Ed25519Signer>(Rng(1).fork("key", v).bytes32()));
      config_.validators.push_back(signers_.back()->public_key());
    }
    config_.block_interval = milliseconds(1);
    now_ = now_ + milliseconds(1);
    for (const auto& signer : signers_)
      drivers_.push_back(std::make_unique<Driver>(config_, signer.get(), verifier_));
    for (std::uint32_t v = 0; v < validators; ++v)
      act(v, [&](Effects& out) { drivers_[v]->start(now_, 1, 0, out); });
  }

  void decide_one_height() {
    now_ = now_ + milliseconds(1);
    for (std::uint32_t v = 0; v < drivers_.size(); ++v)
      if (height_ > 0) act(v, [&](Effects& out) { drivers_[v]->advance(now_, height_ + 1, out); });
    ++height_;
    while (!wire_.empty()) {
      const auto [to, bytes] = std::move(wire_.front());
      wire_.pop_front();
      act(to, [&, to = to](Effects& out) { drivers_[to]->on_message(now_, *bytes, out); });
    }
    for (const auto& driver : drivers_) invariant(driver->decided(), "every validator decides");
  }

 private:
  void act(std::uint32_t self, const auto& step) {
    Effects out;
    step(out);
    for (std::size_t i = 0; i < out.size(); ++i) carry_out(self, i, out);
  }

  void carry_out(std::uint32_t self, std::size_t at, Effects& out) {
    if (auto* sent = std::get_if<Broadcast>(&out[at])) {
      const auto bytes = std::make_shared<const Bytes>(std::move(sent->bytes));
      for (std::uint32_t to = 0; to < drivers_.size(); ++to)
        if (to != self) wire_.push_back({to, bytes});
    } else if (const auto* need = std::get_if<NeedValue>(&out[at])) {
      Block block;
      block.header.height = need->height;
      block.header.time_ms = need->timestamp_ms;
      block.header.proposer = need->proposer;
      block.header.entries_root = entries_root({});
      const std::uint64_t height = need->height;
      drivers_[self]->propose(now_, height, need->round, encode(block), out);
    } else if (const auto* check = std::get_if<CheckValue>(&out[at])) {
      const Hash id = check->value_id;
      drivers_[self]->value_checked(now_, id, true, out);
    }
  }

  ConsensusConfig config_;
  Ed25519Verifier plain_;
  CachedVerifier verifier_;
  std::vector<std::unique_ptr<Ed25519Signer>> signers_;
  std::vector<std::unique_ptr<Driver>> drivers_;
  std::deque<std::pair<std::uint32_t, std::shared_ptr<const Bytes>>> wire_;
  Instant now_;
  std::uint64_t height_ = 0;
};

void decisions(benchmark::State& state) {
  Loop loop(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) loop.decide_one_height();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decisions)->Arg(4)->Arg(7)->Arg(16);

}  // namespace

BENCHMARK_MAIN();
