#pragma once
// The chain that one node keeps: the state, the log of entries and the place of the next block.
// Blocks are tried on a copy of the state; the copy of the one that is decided is kept.

#include "ledger/chain/block.hpp"
#include "ledger/chain/mempool.hpp"
#include "ledger/chain/state_machine.hpp"
#include "ledger/merkle/log_tree.hpp"

namespace ledger {

class Chain {
 public:
  explicit Chain(std::unique_ptr<StateMachine> genesis_state);

  // A block that holds, with the state after it.
  struct Tried {
    Hash id{};
    Block block;
    std::unique_ptr<StateMachine> state;
  };

  struct Built {
    Tried tried;
    std::vector<std::pair<Hash, std::string>> never;  // pending ones that will never hold: why
  };
  // The next block: what the state wants its maker to propose, what is due then, then what holds of
  // `pending`, in its order. One that does not fit into `max_bytes` any more is passed over and
  // waits.
  Built build(std::int64_t time_ms, ValidatorId proposer,
              const std::vector<const Mempool::Pending*>& pending, std::size_t max_bytes) const;

  // Whether these bytes are a block that may come next; the reason where they are not. Signatures
  // of what waits in the pool are not checked again.
  Result<Tried> try_block(BytesView bytes, const Mempool& pool = Mempool()) const;

  // Takes a block that was tried on this chain as it stands, and gives it back.
  Block commit(Tried tried);

  std::uint64_t height() const { return height_; }
  std::int64_t time_ms() const { return time_ms_; }
  const Hash& last_id() const { return last_id_; }
  const Hash& state_root() const { return state_root_; }
  const LogTree& log() const { return log_; }
  const StateMachine& state() const { return *state_; }

 private:
  Result<std::vector<SignatureIs>> check_signatures(const Block& block, std::size_t from,
                                                    const Mempool& pool) const;
  BlockHeader next_header(std::int64_t time_ms, ValidatorId proposer) const;

  std::unique_ptr<StateMachine> state_;
  LogTree log_;
  std::uint64_t height_ = 0;
  std::int64_t time_ms_ = -1;
  Hash last_id_{};
  Hash state_root_{};
};

}  // namespace ledger
