// Gateways beyond genesis: the part of MarketState that the gateway administrator's transactions
// change.

#include "market/state/market_state.hpp"
#include "market/state/refusals.hpp"

namespace market {
namespace {

constexpr std::size_t max_gateways = 10'000;

}  // namespace

MarketState::Applied MarketState::apply_gateway(const Transaction& tx, std::int64_t time_ms) {
  const auto body = decode_gateway_body(tx.body);
  if (!body) return never(body.error());
  if (!tx.openings.empty()) return never("a gateway's entry has no openings");
  return body->action == GatewayBody::Action::registered ? register_gateway(*body, time_ms)
                                                         : withdraw_gateway(*body, time_ms);
}

// It begins as one that has posted up to its first slot and marked all slots before.
MarketState::Applied MarketState::register_gateway(const GatewayBody& body, std::int64_t time_ms) {
  if (genesis_->gateways.size() < 2)
    return never("a chain whose one gateway shows its sums takes no second one");
  // Oracles know the meters that a ledger begins with.
  if (genesis_->attesters > 0)
    return never("a chain whose batches are attested takes no more gateways");
  if (body.gateway.value < gateways_.size()) return never("the gateway is registered already");
  if (body.gateway.value > gateways_.size())
    return not_yet("gateway before the one that its number follows");
  if (gateways_.size() >= max_gateways) return never("there are 10,000 gateways already");
  const std::int64_t begin_ms = std::int64_t{body.first.value} * genesis_->slot_ms;
  if (body.first.value < next_slot_ || time_ms > begin_ms)
    return never("gateway from a slot that has begun");
  if (body.first.value > next_slot_ + slots_ahead) return never("gateway too far ahead");
  for (const Gateway& g : gateways_)
    if (g.keys.holds_from(body.first, body.key))
      return never("the gateway's key is another gateway's already");
  Gateway g;
  g.keys = KeyLine(body.key);
  g.first = body.first;
  g.end = body.end;
  g.in_genesis = false;
  g.epoch = static_cast<std::uint32_t>(begin_ms / genesis_->batch_ms);
  g.slots_marked = body.first.value;
  gateways_.push_back(std::move(g));
  put_gateway(body.gateway);
  return {};
}

MarketState::Applied MarketState::withdraw_gateway(const GatewayBody& body, std::int64_t time_ms) {
  if (body.gateway.value >= gateways_.size()) return never("withdrawal of an unknown gateway");
  Gateway& g = gateways_[body.gateway.value];
  if (g.end <= body.end) return never("the gateway is withdrawn by then already");
  if (body.end <= g.first) return never("withdrawal before the gateway's first slot has ended");
  if (body.end.value < next_slot_ || time_ms > std::int64_t{body.end.value} * genesis_->slot_ms)
    return never("withdrawal from a slot that has begun");
  g.end = body.end;
  put_gateway(body.gateway);
  return {};
}

// Nobody marks for a gateway that is withdrawn, or for a later one that has no meters yet.
bool MarketState::waits_for(const Gateway& g, Slot slot) const {
  if (slot < g.first || slot >= g.end) return false;
  return g.in_genesis || g.meters_in(slot) > 0;
}

}  // namespace market
