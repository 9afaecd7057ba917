#pragma once
// From a scenario to the configurations of all its nodes, for either host. It holds secrets (keys
// derived from the seed): hosts make signers from them.

#include "twin/node/base/identity.hpp"
#include "twin/node/gateway/concentrator_node.hpp"
#include "twin/node/gateway/gateway_node.hpp"
#include "twin/node/home/fleet_node.hpp"
#include "twin/node/operator/grid_operator_node.hpp"
#include "twin/node/oracle/oracle_node.hpp"
#include "twin/node/validator/validator_node.hpp"

namespace twin {

class Deployment {
 public:
  // The world gives the registers and histories as they stand at the epoch; the hash of all that
  // the scenario was read from goes into genesis.
  Deployment(const Scenario& scenario, const World& world, const ledger::Hash& input_hash);
  ~Deployment();

  // Before any configuration is asked for: what a home's real meter shows at the epoch, as far as
  // that is given.
  void begin_at(std::uint32_t home, std::optional<ledger::MilliWattHours> import_register,
                std::optional<ledger::MilliWattHours> export_register);

  // Before any configuration is asked for, where the chain clears by its feeder: the first gateway
  // posts at the start what the grid operator says of it, from the second slot on. The error says
  // what the feeder lacks.
  ledger::Result<void> tell_feeder(const Network& network);

  const ledger::Genesis& genesis() const { return genesis_; }
  const Identities& identities() const { return identities_; }
  const Directory& directory() const { return directory_; }

  // Of a home, seven days of market slots, Wh, import positive.
  const std::vector<std::int64_t>& history_wh(std::uint32_t home) const {
    return history_wh_[home];
  }

  ValidatorConfig validator(std::uint32_t v) const;
  ValidatorConfig observer() const;
  GatewayConfig gateway(std::uint32_t g) const;
  ConcentratorConfig concentrator(std::uint32_t c) const;
  // Its evidence, and the registrar's signer, live as long as this deployment.
  OracleConfig oracle(std::uint32_t o) const;
  // Where the scenario has a congestion ladder.
  GridOperatorConfig grid_operator() const;
  // All meters, as they are registered.
  std::vector<market::Registration> registered() const;
  // Its signers live as long as this deployment.
  FleetConfig fleet(std::uint32_t g) const;

 private:
  struct MeterSigners;
  HomeControlConfig control_of(std::uint32_t gateway) const;
  void prefer(FleetMeter& home) const;
  std::vector<Bytes> registrations(std::uint32_t gateway) const;
  market::Registration registration_of(const MeterIdentity& meter) const;
  std::vector<Bytes> certificates(std::uint32_t gateway) const;
  market::MeterCertificate certificate_of(const MeterIdentity& meter) const;
  std::vector<RegistryEvent> events_of(ledger::MeterId home) const;
  std::optional<GatewayConfig::KeyChange> key_change_of(std::uint32_t gateway) const;
  std::vector<MeterFault> faults_of(ledger::MeterId meter) const;
  MeterFault error_of_class(ledger::MeterId witness) const;
  std::uint32_t max_power_w(const MeterIdentity& meter) const;
  void find_evidence(const Network& network);

  Scenario scenario_;
  Identities identities_;
  ledger::Genesis genesis_;
  Directory directory_;
  std::vector<MeterSample> at_epoch_;                   // by meter
  std::vector<std::vector<std::int64_t>> history_wh_;   // by home
  std::vector<std::vector<std::int64_t>> rest_wh_;      // by home: of a day, where it plans by it
  std::vector<std::unique_ptr<MeterSigners>> signers_;  // by meter
  std::vector<double> nominal_v_;                       // by meter, phase to ground
  std::unique_ptr<RoleSigners> roles_;
  std::map<std::uint32_t, std::unique_ptr<ledger::Ed25519Signer>> next_gateways_;  // next keys
  Bytes trading_grid_;  // a transaction; empty: the chain needs none
  double transformer_va_ = 0;
  std::shared_ptr<const Network> network_;            // where the scenario has a congestion ladder
  std::shared_ptr<ledger::FeederEvidence> evidence_;  // of the feeder; null: none ...
  std::string without_evidence_;                      // ... and why
};

}  // namespace twin
