#pragma once
// Salted commitments: what the public log holds in place of restricted and personal data.
//
//   commitment = SHA-256(salt of 32 bytes || data)
//   salt       = SHA-256(key of 32 bytes || label, 1 byte || owner, 4 bytes || number, 4 bytes
//                        || more)
//
// No two commitments share a salt: label, owner and number name one of them, and `more` where they
// do not. Both are one SHA-256 block while data is at most 23 bytes and there is no `more`. A salt
// under a subject's key can be made again by whoever holds that key and by nobody else; destroying
// the key blinds them all.

#include "ledger/base/bytes.hpp"

namespace ledger {

using Salt = std::array<std::uint8_t, 32>;
using SubjectKey = std::array<std::uint8_t, 32>;

// What a salt is for; one byte of its derivation.
enum class SaltLabel : std::uint8_t {
  reading = 'r',       // owner: meter, number: sequence
  meter_record = 'b',  // owner: meter, number: batch epoch
  registration = 'g',  // owner: meter, number: first slot
  sealing_key = 'k',   // owner: meter, number: first slot
  mark = 'm',          // owner: meter, number: slot
  order = 'o',         // owner: meter, number: slot, more: the order's id
  meter_swap = 'w',    // owner: meter, number: slot
  statement = 's',     // owner: meter, number: slot
  forecast = 'f',      // owner: meter, number: first slot
  ruling = 'q',        // owner: meter, number: slot that settled, more: slot that it acts in
  findings = 'e',      // owner: feeder meter, number: slot, more: oracle above 0
  key_change = 'y',    // owner: meter, number: slot, more: whose key
  leaving = 'l',       // owner: meter, number: its last slot
  certificate = 'z',   // owner: meter, number: first slot, more: the certificate's hash
  cancellation = 'n',  // owner: meter, number: slot, more: the order's id
  transfer = 'x',      // owner: meter, number: slot, more: its id; of the notice, receiver behind
  retirement = 'u',    // owner: meter, number: slot, more: its id
  contract = 'v',      // owner: meter, number: its number, more: its template
  grid_measure = 'd',  // owner: meter, number: slot, more: the measure's number u8
  trading_grid = 'h',  // owner: meter, number: slot; of the operator's pieces, more: the piece u32
  clearing_proposal = 'p',  // owner: none, number: slot, more: the piece u32
  consent = 'c',            // owner: purpose, number: version, more: the recipient's key
  state = 't',              // owner: meter, number: next slot; more: name of an entry of no meter
};

Salt derive_salt(const SubjectKey& key, SaltLabel label, std::uint32_t owner, std::uint32_t number,
                 BytesView more = {});

Hash commitment(const Salt& salt, BytesView data);

}  // namespace ledger
