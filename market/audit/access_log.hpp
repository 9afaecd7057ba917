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

namespace market {

// The newest consent for this place among the log's first entries; none where there is none.
std::optional<Consent> consent_at(const PublicLog& log, const Openings& openings,
                                  const ConsentPlace& place, std::uint64_t log_size);

// The account's own key when the log had so many entries: the registration's, or that of the last
// key change which the log held by then and which acted. None where the account is unknown.
std::optional<PublicKey> account_key_at(const PublicLog& log, const Openings& openings,
                                        const AccountId& account, std::uint64_t log_size);

// Whether it was allowed: all its slots covered by the consent that stood, or the subject itself.
Result<void> check_access(const PublicLog& log, const Openings& openings, const Access& access);

}  // namespace market
