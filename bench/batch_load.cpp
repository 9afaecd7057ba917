#include "bench/batch_load.hpp"

#include "ledger/base/rng.hpp"
#include "ledger/crypto/sha256.hpp"
#include "ledger/merkle/log_tree.hpp"
#include "ledger/oracle/public_sum.hpp"
#include "market/entries/entries.hpp"

namespace bench {

namespace {

KeySeed registrar_seed() { return Rng(7).bytes32(); }

}  // namespace

BatchLoad::BatchLoad(Genesis genesis, std::uint32_t gateways) : genesis_(std::move(genesis)) {
  genesis_.gateways.clear();
  for (std::uint32_t g = 0; g < gateways; ++g) {
    signers_.push_back(std::make_unique<Ed25519Signer>(Rng(8).fork("gateway", g).bytes32()));
    genesis_.gateways.push_back(signers_.back()->public_key());
    Batch& batch = last_.emplace_back();
    batch.gateway = {g};
    batch.records = 1;
    batch.import_sum = batch.export_sum = MilliWattHours{hidden_sum};
    batch.quarantine_root = root_of({});
  }
  genesis_.registrar = Ed25519Signer(registrar_seed()).public_key();
}

std::vector<Bytes> BatchLoad::registrations() const {
  const Hash chain_id = chain_id_of(genesis_);
  Ed25519Signer registrar(registrar_seed());
  std::vector<Bytes> out;
  for (std::uint32_t g = 0; g < signers_.size(); ++g) {
    market::Registration r;
    Rng rng = Rng(9).fork("account", g);
    const Hash account = rng.bytes32();
    std::copy_n(account.begin(), r.account.bytes.size(), r.account.bytes.begin());
    r.meter = {g};
    r.gateway = {g};
    r.max_power_w = 48'000;
    r.meter_key = rng.fork("meter").bytes32();
    Transaction tx;
    tx.kind = TransactionKind::registration;
    market::add_openings(tx.openings, {r, rng.bytes32()});
    tx.root = openings_root(tx.openings);
    market::RegistrationBody body{{g}, 1, {}};
    tx.body = market::encode(body);
    body.signature = registrar.sign(entry_signed_bytes(chain_id, tx.entry()));
    tx.body = market::encode(body);
    out.push_back(tx.encode());
  }
  return out;
}

std::vector<Bytes> BatchLoad::next_interval() {
  const Hash chain_id = chain_id_of(genesis_);
  std::vector<Bytes> out;
  for (std::uint32_t g = 0; g < signers_.size(); ++g) {
    Batch& batch = last_[g];
    ++batch.epoch;
    batch.count = 12;
    batch.first_sequence = batch.last_sequence + 1;
    batch.last_sequence += 12;
    Transaction tx;
    tx.kind = TransactionKind::batch;
    tx.root = Rng(batch.epoch).fork("records", g).bytes32();
    tx.body = encode(batch);
    batch.signature = signers_[g]->sign(entry_signed_bytes(chain_id, tx.entry()));
    tx.body = encode(batch);
    batch.previous = sha256(tx.entry());
    out.push_back(tx.encode());
  }
  return out;
}

}  // namespace bench
