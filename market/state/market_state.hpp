#pragma once
// What transactions mean: registry, batches in their sequence, marks, orders, slots that close,
// accounts and tokens. Implements the ledger's StateMachine; every rule is a pure function of what
// was executed before.
//
// A slot closes by a settlement and its statements, which every validator makes itself
// (market/entries/slot_entries.hpp). They are due once every gateway has marked the slot, or
// `close_grace_ms` after its end; slots close in their order, one a block. A gateway marks slots in
// their order, those that closed without its marks left out. Orders and forecasts for a slot are
// taken until it begins. At the close, orders are cleared in canonical order, trades are settled
// against what the marks are worth (market/metering/mark_rules.hpp), tokens are minted and retired.
//
// A statement that settles what was quarantined leaves a case behind it, which a ruling decides
// (market/settlement/ruling.hpp); what that moves is posted when the slot closes that the ruling
// acts in.
//
// The registry changes by transactions that each role signs (market/entries/roles.hpp): keys from a
// slot on, points that leave at the end of one, gateways, certificates. A signature is judged by
// the key of the slot that it is about; a consent, which is about none, by that of the first open
// slot.
//
// Where genesis wants attesters, the close also awaits their word for each batch and each set of
// marks that counts in the slot; what is not attested then mints nothing (attestations.cpp).
//
// Of each feeder whose meter has energy of the slot's own, the sums that findings about it must fit
// (ledger/oracle/feeder_evidence.hpp) wait for them through `findings_patience` slots.
//
// Where a gateway's sums of import and export are public in all batches of a slot, the rises of its
// homes' `metered` marks of that slot are at most those sums; marks beyond are refused.
//
// The grid operator may add to the grid fee of slots to come (market/entries/fee_change.hpp); bills
// follow.
//
// Where genesis has a capacity price, the close remembers each account's highest import of the
// month (market/settlement/capacity.hpp).
//
// What the grid operator owes for its measures is posted when the slot closes that their entry
// names (market/entries/grid_measure.hpp).
//
// Contracts that stand make orders of their own when the slot closes
// (market/settlement/contract.hpp); held tokens move and retire then as their holders signed
// (market/entries/account_entries.hpp).
//
// Content root after slot s = SHA-256("aipchain content 1" || root before || slot u32 || R), where
// R is the RFC 6962 root over: by gateway the hash of its batches that count in the slot, the marks
// entries by gateway, meter swaps, rulings, grid measures that are paid in it and orders by
// openings root, key changes that act and deregistrations that end in the slot by leaf, late ones
// in the first open slot, cancellations, transfers, retirements and contracts of the slot by
// openings root, and the settlement's entry with zeros for its content root. The hash of batches is
// SHA-256("aipchain batches 1" || hash of those before, zeros for the first || leaf hash of the
// entry), by rising epoch.
//
// State tree: all that later execution depends on. Key = SHA-256(label || id); a value is what the
// table of docs/formats/transactions.md says, a salted commitment where the entry is restricted.

#include <map>
#include <set>

#include "ledger/base/copy_on_write.hpp"
#include "ledger/chain/genesis.hpp"
#include "ledger/chain/state_machine.hpp"
#include "ledger/merkle/state_tree.hpp"
#include "ledger/oracle/attestation.hpp"
#include "ledger/oracle/feeder_evidence.hpp"
#include "ledger/oracle/ledger_progress.hpp"
#include "market/clearing/book_row.hpp"
#include "market/clearing/clearing.hpp"
#include "market/entries/account_entries.hpp"
#include "market/entries/consent.hpp"
#include "market/entries/entries.hpp"
#include "market/entries/erasure.hpp"
#include "market/entries/fee_change.hpp"
#include "market/entries/feeder_entries.hpp"
#include "market/entries/grid_measure.hpp"
#include "market/entries/journal.hpp"
#include "market/entries/registry_entries.hpp"
#include "market/entries/slot_entries.hpp"
#include "market/entries/trading_grid.hpp"
#include "market/metering/witnesses.hpp"
#include "market/settlement/clearing_proposal.hpp"
#include "market/settlement/concentration.hpp"
#include "market/settlement/contract.hpp"
#include "market/settlement/feeder_clearing.hpp"
#include "market/settlement/ruling.hpp"
#include "market/settlement/settlement.hpp"
#include "market/settlement/slot_clearing.hpp"
#include "market/settlement/token_book.hpp"
#include "market/state/closed_slot.hpp"

namespace market {

inline constexpr std::uint32_t findings_patience = 8;  // slots behind their own
inline constexpr std::size_t max_waiting_grids = 16;   // with the one that holds

class MarketState final : public StateMachine {
 public:
  // The verifier is the host's and outlives the state and its clones.
  MarketState(const Genesis& genesis, Verifier& verifier);

  std::unique_ptr<StateMachine> clone() const override;
  std::optional<Transaction> proposal(std::int64_t time_ms) const override;
  bool wants_proposal(std::int64_t time_ms) const override;
  std::vector<Transaction> due(std::int64_t time_ms) const override;
  std::vector<tl::expected<void, Refusal>> admit(
      std::span<const Transaction> transactions) const override;
  Hash rules() const override { return genesis_->rules; }
  Hash validators() const override { return validators_hash(genesis_->validators); }
  tl::expected<void, Refusal> apply(const Transaction& tx, const Hash& leaf, SignatureIs signature,
                                    std::int64_t time_ms) override;
  Hash commit() override;
  Hash content_root() const override { return content_root_; }
  const SubjectKey* restricted_key(const AccountId& account) const override;

  const Journal& journal() const { return *journal_; }
  const TokenBook& tokens() const { return *tokens_; }
  const StateTree& tree() const { return tree_; }  // as of the last commit
  // With a gateway, which must be one.
  LedgerProgress progress(GatewayId gateway) const;
  // Whether the ledger has come beyond what a gateway said, so that saying it again is no fault: a
  // batch or marks of what is over, registrations and papers that it has. Another batch than the
  // one that stands in its place is none of these.
  bool beyond(const Transaction& tx) const;
  // The slot before which the grid operator has told its measures, or no longer can.
  std::uint32_t measured_slots() const { return measured_slots_; }
  // Of the last settlement applied; null before the first.
  const ClosedSlot* last_closed() const { return last_closed_.get(); }
  // The first broken invariant in words; empty where all hold.
  std::string broken_invariant() const;

  struct Meter {
    Registration registration;  // with the newest keys, and the end of one that leaves
    SubjectKey restricted_key{};
    Anchor anchor;
    KeyLine meter_keys, account_keys;            // which one holds in which slot
    std::vector<MeterCertificate> certificates;  // not over yet
    bool leaves = false;                         // deregistered
    MonthPeak month_peak{};                      // of the account; where there is a capacity price
  };
  const std::map<std::uint32_t, Meter>& meters() const { return *meters_; }
  const Genesis& genesis() const { return *genesis_; }
  // Of a slot that is not closed, or of one whose energy waits for a ruling.
  Tariff tariff_in(Slot slot) const;
  // What findings that the last block held came to, where there are several oracles.
  const std::vector<FeederVerdict>& verdicts() const { return verdicts_; }
  // Energy that waits for a ruling, those left out that one of an open slot decides.
  std::map<CaseId, QuarantineCase> undecided() const;

  // What is erased of an account's data.
  Stages erased(const AccountId& account) const;
  // A gateway's accounts of which something is erased, rising.
  std::set<AccountId> erased_at(GatewayId gateway) const;
  // The newest one for this recipient and purpose, be it withdrawn; null where there is none.
  const Consent* consent(const ConsentPlace& place) const;
  // The one that stands in a slot; null where there is none.
  const Contract* contract(const ContractPlace& place, Slot slot) const;
  const Contracts& contracts() const { return *contracts_; }
  // The one that holds in a slot; null where there is none.
  std::shared_ptr<const TradingGrid> trading_grid(Slot slot) const;
  // What an account holds of a vintage and has not promised away.
  WattHours free_tokens(const AccountId& account, Slot vintage) const;

 private:
  using Applied = tl::expected<void, Refusal>;
  struct Gateway {
    std::uint32_t epoch = 0;  // of its last batch
    Hash last_entry{};        // SHA-256 of that entry
    std::uint32_t slots_marked = 0;
    std::uint32_t meters = 0;                    // registered
    std::vector<std::pair<Slot, Slot>> limited;  // of those not valid for ever: first and end slot
    std::vector<Slot> left;                      // of those that were deregistered: end slot
    KeyLine keys;                                // which one holds in which slot
    Slot first, end{UINT32_MAX};                 // not valid from `end` on
    bool in_genesis = true;

    std::uint32_t meters_in(Slot slot) const;
    std::uint32_t left_by(Slot slot) const;
    // Whether it is another than genesis says.
    bool altered() const { return !in_genesis || keys.changed() || end.value < UINT32_MAX; }
  };
  // What a gateway's batches of a slot say of import and export, as long as all of them say it.
  struct BatchSums {
    std::optional<MilliWattHours> imported = MilliWattHours{}, exported = MilliWattHours{};
  };
  using MarksOfMeters = std::map<std::uint32_t, Mark>;
  using SwapsOfMeters = std::map<std::uint32_t, MeterSwap>;
  struct SlotOrders {
    std::map<OrderId, SignedOrder> orders;     // by row id
    std::map<Hash, Hash> leaves;               // commitment -> entry's leaf
    std::set<OrderId> cancelled;               // rows that were in it
    std::map<OrderId, std::uint64_t> arrived;  // by row id the block's height; of arrivals alone
    std::map<AccountId, std::uint32_t> taken;  // of each account, cancelled ones among them
  };
  // Of holders, to be carried out when the slot closes, by row id.
  struct TokenActs {
    std::map<OrderId, Transfer> transfers;
    std::map<OrderId, Retirement> retirements;
  };
  // Of one gateway in one slot.
  struct Delivered {
    std::optional<Hash> batches;  // over those that count in the slot, one behind the other
    BatchSums sums;
    std::optional<Hash> marks_leaf;
    // Kind and number of what is to be attested yet: the entry's hash.
    std::map<std::pair<TransactionKind, std::uint32_t>, Hash> unattested;
  };
  struct OpenSlot {
    CopyOnWrite<SlotOrders> orders;
    CopyOnWrite<MarksOfMeters> marks;
    CopyOnWrite<SwapsOfMeters> swaps;
    std::map<Hash, Hash> swap_leaves;  // openings root -> entry's leaf
    CopyOnWrite<std::map<CaseId, Ruling>> rulings;
    std::map<Hash, Hash> ruling_leaves;          // the same
    CopyOnWrite<std::vector<HomeMeasure>> owed;  // by the grid operator, by slot and home
    std::map<Hash, Hash> measure_leaves;         // of what is paid here, the same
    CopyOnWrite<TokenActs> token_acts;
    std::map<Hash, Hash> account_leaves;           // of what accounts signed beside orders
    std::set<Hash> registry_leaves;                // of what acts in it, or ends with it
    std::map<std::uint32_t, Delivered> delivered;  // by gateway
  };

  // Of the registry.
  bool has_all(const Transaction& registrations) const;
  bool has_change(const Transaction& tx) const;
  // The signature of what a gateway says of a slot.
  tl::expected<SignatureClaim, Refusal> claim_of_gateway(const Transaction& tx, GatewayId gateway,
                                                         Slot slot,
                                                         const Signature& signature) const;
  tl::expected<SignatureClaim, Refusal> claim_of_role(const Transaction& tx) const;
  // Whether who signs it may have another key now than when the signature was checked.
  bool signer_altered(const Transaction& tx) const;
  // Whether another meter has this key in the slot or in a later one.
  bool is_another_meters(const PublicKey& key, Slot slot, MeterId own) const;

  // key_changes.cpp
  Applied apply_key_change(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  Applied change_owners_key(const Transaction& tx, const KeyChangeBody& body, const Hash& leaf,
                            std::int64_t time_ms);
  Applied change_gateways_key(const KeyChangeBody& body, const Hash& leaf, std::int64_t time_ms);
  Applied check_key_change(const KeyChangeBody& body, const KeyChange& change,
                           std::int64_t time_ms) const;
  Applied check_next_key(const KeyChangeBody& body, std::uint32_t id, const KeyLine& line,
                         const NextKey& next, const Signature& old_signature,
                         std::int64_t time_ms) const;
  Applied check_notice(KeyOf of, Slot from, std::int64_t time_ms) const;
  void remember_change(Slot slot, const Hash& leaf);

  // departures.cpp: points that leave.
  Applied apply_deregistration(const Transaction& tx, const Hash& leaf);
  Applied check_deregistration(const DeregistrationBody& body, const Opening& opening,
                               const Deregistration& leaving) const;
  bool has_orders_behind(const AccountId& account, Slot slot) const;
  bool is_marked_behind(const Meter& meter, Slot slot) const;
  void add_payouts(Slot slot, std::vector<Posting>& postings) const;

  // gateways.cpp
  Applied apply_gateway(const Transaction& tx, std::int64_t time_ms);
  Applied register_gateway(const GatewayBody& body, std::int64_t time_ms);
  Applied withdraw_gateway(const GatewayBody& body, std::int64_t time_ms);
  bool waits_for(const Gateway& gateway, Slot slot) const;

  // certificates.cpp
  Applied apply_certificates(const Transaction& tx);
  // grid_measures.cpp
  Applied apply_grid_measure(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  // trading_grids.cpp
  Applied apply_trading_grid(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  void forget_grids();
  Applied apply_fee_change(const Transaction& tx, std::int64_t time_ms);  // fee_changes.cpp
  void forget_fees();
  Applied check_certificate(const MeterCertificate& certificate) const;
  bool has_certificate(const Meter& meter, const MeterCertificate& certificate) const;
  bool is_certified(const Meter& meter, Slot since, Slot slot) const;
  void drop_certificates();

  bool has_papers(const Transaction& swap) const;

  // registry.cpp: who and what is metered.
  Applied apply_registration(const Transaction& tx);
  Applied check_registration(const RegistrationBody& body,
                             const std::vector<Registered>& all) const;
  Applied apply_meter_swap(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  Applied check_swap(const MeterSwapBody& body, const Opening& opening, const MeterSwap& swap,
                     std::int64_t time_ms) const;

  // quarantine.cpp: what becomes of quarantined energy.
  Applied apply_rulings(const Transaction& tx, const Hash& leaf);
  Applied check_ruling(const RulingBody& body, const Ruling& ruling) const;
  bool ruled_in_open_slot(const CaseId& id) const;
  void open_cases(const Settlement& settlement);
  void close_cases(const OpenSlot& slot, const ClosedSlot& closed);

  // feeders.cpp: what homes and feeder meters say together.
  struct Awaited {
    FeederSums sums;
    std::map<std::uint32_t, FeederFindings> findings;  // by oracle; of one that is alone, none
    std::optional<FeederFindings> median;              // once there are enough
  };
  std::vector<FeederSlot> feeders_of(const OpenSlot& slot, std::vector<WitnessApart>& apart) const;
  void await_findings(const std::vector<FeederSlot>& feeders);
  Applied apply_findings(const Transaction& tx);
  Applied check_findings(const Opening& opening, Slot slot, std::uint32_t oracle) const;
  void take_findings(Awaited& awaited, std::uint32_t oracle, const FeederFindings& findings);
  void decide_findings(Awaited& awaited, bool no_more);

  // attestations.cpp: what oracles attest.
  Applied apply_attestation(const Transaction& tx);
  bool attested_or_late(const Transaction& tx) const;
  void await_attestation(const Transaction& tx, Slot counts_in);
  const Hash* unattested(const AttestedEntry& what, std::uint32_t& slot) const;
  static bool is_attested(const OpenSlot& slot, GatewayId gateway);
  static bool all_attested(const OpenSlot& slot);
  std::set<std::uint32_t> meters_moved_in(const OpenSlot& slot) const;
  void put_unattested(GatewayId gateway, Slot slot, const Delivered& delivered);

  // subject_rights.cpp
  tl::expected<SignatureClaim, Refusal> claim_of_consent(const Transaction& tx) const;
  Applied apply_erasure(const Transaction& tx);
  Applied apply_consent(const Transaction& tx, std::int64_t time_ms);
  std::size_t consents_of(const AccountId& account) const;

  // holdings.cpp: what holders do with their tokens.
  Applied apply_transfer(const Transaction& tx, const Hash& leaf);
  Applied apply_retirement(const Transaction& tx, const Hash& leaf);
  Applied check_holder(const AccountSigned& signed_by) const;
  Applied check_acting_slot(Slot slot) const;
  Applied check_tokens(const AccountId& account, Slot vintage, WattHours quantity) const;
  void promise(const AccountId& account, Slot vintage, WattHours quantity);
  void carry_out(const TokenActs& acts, std::set<std::uint32_t>& vintages);
  void take_act(const Transaction& tx, Slot slot, std::string_view label, const Hash& leaf);

  // standing_orders.cpp: contracts, and orders that are taken back.
  Applied apply_contract(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  Applied apply_cancellation(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  std::vector<const Contract*> standing(const AccountId& account, Slot slot) const;
  void sort_book(const SlotOrders& taken, std::vector<Order>& orders) const;
  void add_contract_orders(const std::vector<SlotPosition>& positions, ClosedSlot& closed) const;
  Applied check_grid_operator(const Transaction& tx, const Contract& contract,
                              const ContractBody& body) const;
  void add_payments(ClosedSlot& closed) const;
  void forget_contracts();
  tl::expected<SignatureClaim, Refusal> claim_of_account(const Transaction& tx) const;

  // batches.cpp: what gateways say of their meters, alone or through a concentrator.
  Applied apply_batches(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  Applied check_batch(const Batch& batch, const Hash& entry, const Gateway& gateway,
                      std::int64_t time_ms) const;
  void take_batch(const BatchEntry& said, const Hash& entry, const Hash& leaf);
  bool has_batches(const Transaction& tx) const;
  Applied add_claims(const Transaction& concentrated, std::vector<SignatureClaim>& claims) const;

  // market_state.cpp: what others send.
  Applied apply_marks(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  Applied apply_order(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  Applied apply_forecast(const Transaction& tx, const Hash& leaf, std::int64_t time_ms);
  Applied take_marks(const Transaction& tx, const MarksBody& body, std::int64_t time_ms,
                     MarksOfMeters& marks) const;
  Applied await_papers(const Mark& mark, std::int64_t time_ms) const;
  Applied check_preferences(const Order& order, const Registration& r) const;
  Applied check_sums(const MarksBody& body, const MarksOfMeters& marks) const;
  // What the signature of a transaction that somebody sends has to hold for.
  tl::expected<SignatureClaim, Refusal> claim_of(const Transaction& tx) const;
  tl::expected<SignatureClaim, Refusal> claim_of_findings(const Transaction& tx) const;
  tl::expected<SignatureClaim, Refusal> claim_of_attestation(const Transaction& tx) const;
  tl::expected<SignatureClaim, Refusal> claim_of_order(const Transaction& tx) const;
  // A meter's anchor when the slot begins, be the slots before closed or still open.
  Anchor anchor_before(MeterId meter, Slot slot) const;
  // The one that a mark of the slot is judged from: behind the slot's swap, if there is one.
  Anchor anchor_of_mark(MeterId meter, Slot slot) const;
  static Anchor swapped_in(const OpenSlot& slot, MeterId meter, const Anchor& before);
  // A meter's way through a slot from the anchor before it: its swap, then its mark.
  struct InSlot {
    std::optional<JudgedMark> mark;
    Anchor next;
  };
  InSlot judged_in(const OpenSlot& slot, const Meter& meter, const Anchor& before) const;
  // The same at the slot's close, when it is known what is attested.
  InSlot closing_in(const OpenSlot& slot, const Meter& meter) const;
  MarkTerms terms_of(const Registration& r) const {
    return {r.max_power_w, r.modulus, genesis_->slot_ms};
  }

  // slot_closing.cpp: what the state makes itself.
  Applied apply_settlement(const Transaction& tx, std::int64_t time_ms);
  Applied apply_statements(const Transaction& tx);
  bool closable(std::int64_t time_ms) const;
  const OpenSlot& closing_slot() const;
  ClosedSlot close_next() const;
  // Its orders, as their rows stand; and of all homes what was metered.
  ClosedSlot begin_close(std::vector<SlotPosition>& positions) const;

  // clearing_proposals.cpp: books that are cleared by a feeder.
  struct Proposed {
    std::optional<PlacedFills> filled;  // as its check left them; none: unsolved
  };
  // Of the next slot those who have a place in its grid, where a proposal is due for them.
  std::optional<PlacedOrders> awaiting_proposal(std::int64_t time_ms) const;
  void clear_book(ClosedSlot& closed) const;
  Applied apply_clearing_proposal(const Transaction& tx, std::int64_t time_ms);
  std::vector<Transaction> closing_transactions(const ClosedSlot& closed) const;
  std::vector<Transaction> statement_transactions(const ClosedSlot& closed) const;
  std::vector<SlotPosition> positions_of(const OpenSlot& slot) const;
  Settlement settle_trades(const ClosedSlot& closed, std::vector<SlotPosition> positions) const;
  Hash next_content_root(const Transaction& settlement_without_root) const;
  void move_anchors(const OpenSlot& slot);
  void move_tokens(const ClosedSlot& closed);
  void mint_tokens(const Statement& statement);
  void move_peaks(const Settlement& settlement);

  // state_entries.cpp: what the state tree holds.
  void put(std::string_view label, BytesView id, const Hash& value);
  void put_account(const Meter& meter);
  void put_gateway(GatewayId gateway);
  void put_certificate(const Meter& meter, const MeterCertificate& certificate, bool holds);
  void put_system_balances();
  void put_vintage(Slot vintage);
  void put_case(const CaseId& id, const QuarantineCase* waits);
  void put_contracts(const ContractPlace& place);
  void put_feeder(std::uint32_t feeder, std::uint32_t slot, const Awaited* awaited);
  void put_place();
  void put_batches();
  void put_in_slot(std::string_view label, BytesView id, Slot slot, const Hash& leaf);
  void drop_slot(const OpenSlot& slot);
  void drop_forecasts();
  Salt system_salt(std::string_view what) const;

  // Shared by clones: it never changes.
  std::shared_ptr<const Genesis> genesis_;
  Hash chain_id_{};
  Verifier* verifier_;
  CopyOnWrite<std::map<std::uint32_t, Meter>> meters_;
  CopyOnWrite<std::map<AccountId, std::uint32_t>> meter_of_account_;
  std::vector<Gateway> gateways_;
  std::map<std::uint32_t, OpenSlot> open_slots_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> forecasts_;  // first slot, gateway
  CopyOnWrite<std::map<CaseId, QuarantineCase>> cases_;          // not decided, or not yet closed
  std::map<std::pair<std::uint32_t, std::uint32_t>, Awaited> awaited_;  // slot, feeder
  CopyOnWrite<std::map<AccountId, Stages>> erased_;
  CopyOnWrite<std::map<ConsentPlace, Consent>> consents_;
  CopyOnWrite<Contracts> contracts_;
  // By vintage and holder, what transfers and retirements of open slots will take.
  CopyOnWrite<std::map<std::pair<std::uint32_t, AccountId>, WattHours>> promised_;
  CopyOnWrite<AddedFees> fees_;  // of slots to come, and of those with a case
  // By slot, the first one holds.
  CopyOnWrite<std::vector<std::shared_ptr<const TradingGrid>>> trading_grids_;
  std::optional<Proposed> proposed_;             // in the block, of the slot that it closes
  std::optional<SubjectKey> grid_operator_key_;  // once a trading grid has brought it
  std::uint64_t height_ = 0;                     // of the block that is being executed
  std::uint32_t next_slot_ = 0;
  std::uint32_t measured_slots_ = 0;  // behind the last slot of which the grid operator told
  CopyOnWrite<Journal> journal_;
  CopyOnWrite<TokenBook> tokens_;
  Hash content_root_{};
  // Known to who executes: blinds what belongs to no single home. From the first meter's key.
  std::optional<SubjectKey> secret_;
  std::vector<Transaction> owed_;  // statements of the slot that is being closed
  StateTree tree_;
  std::map<Hash, Hash> dirty_;                                 // state tree updates of the block
  std::set<std::pair<std::uint32_t, std::uint32_t>> batched_;  // in the block: slot, gateway
  std::shared_ptr<const ClosedSlot> last_closed_;
  std::vector<FeederVerdict> verdicts_, new_verdicts_;  // of the last block; of this one
};

}  // namespace market
