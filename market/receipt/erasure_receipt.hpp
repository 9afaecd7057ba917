#pragma once
// What stands in a receipt's place once its account's data are erased: a proof that they were
// destroyed on purpose. Canonical JSON like a receipt, one line and a newline:
//
//   account                     whose
//   erasure {entry, proof}      the record on the log and its tlog-proof
//   format                      "aipchain erasure 1"
//   genesis, policy             texts as published
//   stages                      1 personal data, 2 billing data, 3 both

#include "market/receipt/receipt.hpp"

namespace market {

inline constexpr std::string_view erasure_format = "aipchain erasure 1";

// Of the account's first erasure on the log; the caller knows that there is one.
std::string write_erasure_receipt(const PublicLog& log, const AccountId& account,
                                  const ErasureRecord& record);

// Whether a text is to be read as one of these.
bool is_erasure_receipt(std::string_view text);

// The last check is "erasure" where all hold, with the record that it names.
std::vector<ReceiptCheck> verify_erasure_receipt(std::string_view text,
                                                 const std::string& trusted_policy,
                                                 Verifier& verifier);

}  // namespace market
