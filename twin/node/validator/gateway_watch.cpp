#include "twin/node/validator/gateway_watch.hpp"

#include "ledger/base/codec.hpp"

namespace twin {

using namespace ledger;

namespace {

struct Spoken {
  std::uint32_t gateway = 0, number = 0;
};

// Both bodies begin with the gateway and the epoch or slot.
std::optional<Spoken> spoken_of(const Transaction& tx) {
  if (tx.kind != TransactionKind::batch && tx.kind != TransactionKind::marks) return std::nullopt;
  ByteReader r(tx.body);
  const Spoken out{r.u32(), r.u32()};
  return r.failed() ? std::nullopt : std::optional(out);
}

}  // namespace

Bytes encode(const SignedTwice& twice) {
  return ByteWriter()
      .u8(static_cast<std::uint8_t>(twice.kind))
      .u32(twice.gateway.value)
      .u32(twice.number)
      .sized(twice.first)
      .sized(twice.second)
      .take();
}

bool GatewayWatch::contradicts(const Transaction& tx) const {
  const auto place = spoken_of(tx);
  if (!place) return false;
  const auto line = seen_.find({place->gateway, tx.kind});
  if (line == seen_.end()) return false;
  const auto at = line->second.find(place->number);
  return at != line->second.end() && !at->second.contradicted && at->second.entry != tx.entry();
}

std::optional<SignedTwice> GatewayWatch::see(const Transaction& tx) {
  const auto place = spoken_of(tx);
  if (!place) return std::nullopt;
  Line& line = seen_[{place->gateway, tx.kind}];
  if (contradicts(tx)) {
    Seen& seen = line.at(place->number);
    seen.contradicted = true;
    return SignedTwice{tx.kind, {place->gateway}, place->number, seen.entry, tx.entry()};
  }
  line.try_emplace(place->number, Seen{tx.entry(), false});
  if (line.size() > kept) line.erase(line.begin());
  return std::nullopt;
}

}  // namespace twin
