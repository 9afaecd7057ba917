#pragma once
// Who read whose personal data, where the subject sees it: openings/access, a list of 69-byte
// records in the order in which they were read:
//
//   account 16, reader 32, purpose u8 (market/entries/consent.hpp; 0: the subject itself), first
//   slot u32, end slot u32, log size u64, readings u32
//
// The reader is a consent's recipient, or the account's own key. The log's size at that moment says
// which consents counted. Only who reads by this program writes here: what somebody reads with a
// key of its own leaves no trace.

#include "market/audit/openings.hpp"
#include "market/entries/consent.hpp"
#include "market/entries/key_line.hpp"

namespace market {

// The newest consent for this place among the log's first entries; none where there is none.
std::optional<Consent> consent_at(const PublicLog& log, const Openings& openings,
                                  const ConsentPlace& place, std::uint64_t log_size);

// The account's own keys as the log's first entries have them, each from its slot on: the
// registration's, and that of each key change. None where the account is unknown.
std::optional<KeyLine> account_keys_at(const PublicLog& log, const Openings& openings,
                                       const AccountId& account, std::uint64_t log_size);
// Of these the one that held when the log had so many entries.
std::optional<PublicKey> account_key_at(const PublicLog& log, const Openings& openings,
                                        const AccountId& account, std::uint64_t log_size);

// Whether it was allowed: all its slots covered by the consent that stood, or the subject itself.
Result<void> check_access(const PublicLog& log, const Openings& openings, const Access& access);

}  // namespace market
