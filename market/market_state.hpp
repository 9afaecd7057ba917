#pragma once
// What transactions mean: registry, batches in their sequence, marks, orders, slots that close,
// accounts and tokens. Implements the ledger's StateMachine; every rule is a pure function of what
// was executed before.
//
// A slot closes by a settlement transaction that every validator makes itself. It is due once every
// gateway has marked the slot, or `close_grace_ms` after its end; slots close in their order, one a
// block. Orders for a slot are taken until it begins. At the close, orders are cleared in canonical
// order, trades are settled against the marks, tokens are minted and retired.
//
// settlement    body     slot u32, priced u8 (0 or 1), price i64 (0 where not priced), volume i64,
//                        import i64, export i64, minted i64, retired i64, quarantined i64 (Wh),
//                        accounts u32, orders u32, book root 32, content root 32
//               opening  one statement an account (market/settlement.hpp)
//
// Content root after slot s = SHA-256("aipchain content 1" || root before || slot u32 || R), where
// R is the RFC 6962 root over: the slot's batch entries by gateway and epoch, its marks entries by
// gateway, its order entries by commitment, and the settlement's entry with zeros for its content
// root.
//
// State tree: key = SHA-256(label || id), value = a salted commitment where the entry is
// restricted, a plain hash where it is public.

#include <map>
#include <set>
#include <unordered_map>

#include "ledger/chain/genesis.hpp"
#include "ledger/chain/state_machine.hpp"
#include "ledger/merkle/state_tree.hpp"
#include "market/clearing.hpp"
#include "market/entries.hpp"
#include "market/journal.hpp"
#include "market/settlement.hpp"
#include "market/token_book.hpp"

namespace market {

struct SettlementBody {
  Slot slot;
  std::optional<Price> price;
  WattHours volume, imported, exported, minted, retired, quarantined;
  std::uint32_t accounts = 0, orders = 0;
  Hash book_root{}, content_root{};
};
Bytes encode(const SettlementBody& body);
Result<SettlementBody> decode_settlement_body(BytesView body);

// What a closed slot was, for hosts and receipts; all of it also follows from the log's openings.
struct ClosedSlot {
  Slot slot;
  Clearing clearing;
  std::vector<Order> orders;  // by id
  Settlement settlement;
};

class MarketState final : public StateMachine {
 public:
  // The verifier is the host's and outlives the state and its clones.
  MarketState(const Genesis& genesis, Verifier& verifier);

  std::unique_ptr<StateMachine> clone() const override;
  std::vector<Transaction> due(std::int64_t time_ms) const override;
  tl::expected<void, Refusal> admit(const Transaction& tx) const override;
  Hash rules() const override { return genesis_->rules; }
  Hash validators() const override { return validators_hash(genesis_->validators); }
  tl::expected<void, Refusal> apply(const Transaction& tx, std::int64_t time_ms) override;
  Hash commit() override;
  Hash content_root() const override { return content_root_; }
  const SubjectKey* restricted_key(const AccountId& account) const override;

  const Journal& journal() const { return journal_; }
  const TokenBook& tokens() const { return tokens_; }
  // Of the last settlement applied; null before the first.
  const ClosedSlot* last_closed() const { return last_closed_.get(); }
  // The first broken invariant in words; empty where all hold.
  std::string broken_invariant() const;

  struct Meter {
    AccountId account;
    GatewayId gateway;
    MeterKind kind = MeterKind::home;
    PublicKey meter_key{}, account_key{};
    SubjectKey restricted_key{};
    std::uint32_t max_power_w = 0;
    MilliWattHours import_mark, export_mark;  // of the last closed slot
  };
  const std::map<std::uint32_t, Meter>& meters() const { return meters_; }

 private:
  using Applied = tl::expected<void, Refusal>;
  struct Gateway {
    std::uint32_t epoch = 0;  // of its last batch
    Hash last_entry{};        // SHA-256 of that entry
    std::uint32_t slots_marked = 0;
    bool registered = false;
  };
  struct OpenSlot {
    std::map<OrderId, SignedOrder> orders;
    std::map<Hash, Hash> order_leaves;    // commitment -> entry's leaf
    std::map<std::uint32_t, Mark> marks;  // by meter
    std::map<std::pair<std::uint32_t, std::uint32_t>, Hash> batch_leaves;  // gateway, epoch
    std::map<std::uint32_t, Hash> marks_leaves;                            // by gateway
  };

  Applied admit_order(const Transaction& tx) const;
  Applied apply_registration(const Transaction& tx);
  Applied apply_batch(const Transaction& tx, std::int64_t time_ms);
  Applied apply_marks(const Transaction& tx, std::int64_t time_ms);
  Applied apply_order(const Transaction& tx, std::int64_t time_ms);
  Applied apply_forecast(const Transaction& tx);
  Applied apply_settlement(const Transaction& tx, std::int64_t time_ms);

  bool gateway_signed(const Transaction& tx, GatewayId gateway, const Signature& signature) const;
  // A meter's registers at its last mark before the slot, be that slot closed or still open.
  std::pair<MilliWattHours, MilliWattHours> marked_before(MeterId meter, Slot slot) const;
  bool closable(std::int64_t time_ms) const;
  ClosedSlot close_next() const;
  Transaction settlement_transaction(const ClosedSlot& closed) const;
  std::vector<SlotPosition> positions_of(const OpenSlot& slot, std::span<const Order> orders,
                                         const Clearing& clearing) const;
  Hash next_content_root(const Transaction& settlement_without_root) const;
  void mint_tokens(const Statement& statement);
  void hand_over_tokens(const Statement& statement);
  void put_account(const Meter& meter, std::uint32_t id);

  // Shared by clones: it never changes.
  std::shared_ptr<const Genesis> genesis_;
  Hash chain_id_{};
  Verifier* verifier_;
  std::map<std::uint32_t, Meter> meters_;
  std::map<AccountId, std::uint32_t> meter_of_account_;
  std::vector<Gateway> gateways_;
  std::map<std::uint32_t, OpenSlot> open_slots_;
  std::uint32_t next_slot_ = 0;
  Journal journal_;
  TokenBook tokens_;
  Hash content_root_{};
  StateTree tree_;
  std::map<Hash, Hash> dirty_;  // state tree updates of the block
  std::shared_ptr<const ClosedSlot> last_closed_;
};

}  // namespace market
