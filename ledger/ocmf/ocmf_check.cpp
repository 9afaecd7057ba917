#include "ledger/ocmf/ocmf_check.hpp"

#include <algorithm>

#include "ledger/ocmf/in_quotes.hpp"
#include "ledger/ocmf/ocmf_reader.hpp"

namespace ledger {
namespace {

constexpr std::size_t weak_bits = 192;

// SHA-256 with each of them, 384-bit curves included.
std::string algorithm_of(Curve curve) { return "ECDSA-" + std::string(name_of(curve)) + "-SHA256"; }

std::optional<Curve> curve_of(std::string_view algorithm) {
  for (const Curve curve : all_curves)
    if (algorithm == algorithm_of(curve)) return curve;
  return std::nullopt;
}

std::string all_algorithms() {
  std::string out;
  for (const Curve curve : all_curves) out += (out.empty() ? "" : ", ") + algorithm_of(curve);
  return out;
}

std::optional<Bytes> from_any_hex(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return from_hex(text);
}

struct Fault {
  OcmfVerdict verdict;
  std::string why;
};

// The signature's bytes, and the curve that they are said to be on.
struct Claim {
  Curve curve{};
  Bytes signature;
};

tl::expected<Claim, Fault> claim_of(const OcmfSignature& s) {
  const auto unsupported = [](std::string why) {
    return tl::unexpected(Fault{OcmfVerdict::unsupported, std::move(why)});
  };
  const auto curve = curve_of(s.algorithm);
  if (!curve)
    return unsupported("SA is " + in_quotes(s.algorithm) + "; there are " + all_algorithms());
  if (s.mime_type != "application/x-der")
    return unsupported("SM is " + in_quotes(s.mime_type) + "; there is application/x-der");
  if (s.encoding != "hex" && s.encoding != "base64")
    return unsupported("SE is " + in_quotes(s.encoding) + "; there are hex and base64");
  auto bytes = s.encoding == "hex" ? from_any_hex(s.data) : from_base64(s.data);
  if (!bytes)
    return tl::unexpected(
        Fault{OcmfVerdict::malformed, "SD is " + in_quotes(s.data) + ", not " + s.encoding});
  return Claim{*curve, std::move(*bytes)};
}

std::optional<Fault> fault_of(const OcmfRecord& record, const EcdsaPublicKey& key) {
  const auto claim = claim_of(record.signature);
  if (!claim) return claim.error();
  if (claim->curve != key.curve())
    return Fault{OcmfVerdict::invalid_signature, "SA is " + in_quotes(record.signature.algorithm) +
                                                     ", and the key is one of " +
                                                     std::string(name_of(key.curve()))};
  const auto holds = key.verify(bytes_of(record.payload), claim->signature);
  if (!holds) return Fault{OcmfVerdict::malformed, "SD " + holds.error()};
  if (!*holds) return Fault{OcmfVerdict::invalid_signature, "the key did not sign this payload"};
  if (bits_of(claim->curve) <= weak_bits)
    return Fault{OcmfVerdict::unsupported, record.signature.algorithm +
                                               ": the signature holds, but it is too weak to be "
                                               "taken: 96 bits of security; 112 are needed"};
  return std::nullopt;
}

tl::expected<EcdsaPublicKey, Fault> key_of(std::string_view text) {
  std::string packed(text.substr(0, max_ocmf_bytes));
  packed.erase(std::remove(packed.begin(), packed.end(), ' '), packed.end());
  auto der = from_any_hex(packed);
  if (!der) der = from_base64(packed);
  if (!der)
    return tl::unexpected(Fault{OcmfVerdict::malformed, "the key is " + in_quotes(text) +
                                                            ", neither hexadecimal nor base64"});
  auto key = EcdsaPublicKey::from_der(*der);
  if (key) return std::move(*key);
  if (key.error() == EcdsaKeyFault::other_kind)
    return tl::unexpected(Fault{OcmfVerdict::unsupported,
                                "the key is of none of these algorithms: " + all_algorithms()});
  return tl::unexpected(Fault{OcmfVerdict::malformed,
                              "the key is not the DER SubjectPublicKeyInfo of a point on a curve"});
}

OcmfCheck check(std::string_view text, const tl::expected<EcdsaPublicKey, Fault>& key) {
  auto record = read_ocmf(text);
  if (!record) return {OcmfVerdict::malformed, record.error(), std::nullopt};
  const auto fault = key ? fault_of(*record, *key) : key.error();
  return {fault ? fault->verdict : OcmfVerdict::valid, fault ? fault->why : "", std::move(*record)};
}

}  // namespace

std::string_view name_of(OcmfVerdict verdict) {
  constexpr std::string_view names[] = {"valid", "invalid_signature", "malformed", "unsupported"};
  return names[static_cast<std::size_t>(verdict)];
}

OcmfCheck check_ocmf(std::string_view record, const EcdsaPublicKey& key) {
  return check(record, key);
}

OcmfCheck check_ocmf(std::string_view record, std::string_view key) {
  return check(record, key_of(key));
}

Result<EcdsaPublicKey> read_ocmf_key(std::string_view text) {
  auto key = key_of(text);
  if (!key) return failure(key.error().why);
  return std::move(*key);
}

}  // namespace ledger
