#pragma once
// One seat of a network of processes in hostile hands: it has the seat's keys, and says as much as
// the links take of what costs a node memory: votes and proposals of far rounds and heights, huge
// blocks, decisions and certificates, requests, evidence, garbage, transactions that wait.

#include <chrono>
#include <memory>
#include <vector>

#include "hil/network/node_config.hpp"
#include "ledger/base/rng.hpp"

namespace test {

class Flooder {
 public:
  // The seat's own file; its process does not run.
  Flooder(const std::string& node_file, ledger::Rng rng);

  // Says `messages` more, each to one of `targets`, and hears what came.
  void flood(const std::vector<ledger::NodeId>& targets, std::size_t messages);
  void listen(std::chrono::steady_clock::time_point until);

  // The highest height that an honest node of these voted in, as far as this one heard.
  std::uint64_t height() const { return height_; }
  const hil::LinkCounts& counts() const { return links_->counts(); }
  std::size_t connected() const { return links_->connected(); }
  const hil::NodeConfig& config() const { return config_; }

 private:
  ledger::Bytes next();
  ledger::Bytes of_validator();
  ledger::Bytes of_gateway();
  ledger::Bytes vote();
  ledger::Bytes proposal();
  ledger::Bytes decision();
  ledger::Bytes evidence();
  ledger::Bytes garbage();
  ledger::Bytes marks_that_wait();
  ledger::Certificate long_certificate(ledger::VoteType type);
  ledger::Vote signed_vote(std::uint64_t height, std::uint32_t round);
  std::uint64_t far_height();
  std::uint32_t far_round();
  ledger::Bytes random_bytes(std::size_t size);
  void hear(ledger::BytesView message);

  hil::NodeConfig config_;
  ledger::Rng rng_;
  ledger::Hash chain_id_;
  ledger::Ed25519Signer signer_;
  std::unique_ptr<hil::NodeLinks> links_;
  std::vector<ledger::Bytes> blocks_;  // as large as a message may be; their headers are changed
  std::uint64_t height_ = 1;
  std::uint32_t round_ = 0;
};

}  // namespace test
