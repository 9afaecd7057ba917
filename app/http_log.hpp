#pragma once
// A public log from a static file server. Nobody lists its directory: which files there must be
// follows from the checkpoint, once it holds under the policy, and for blocks from the file before.

#include "app/http_get.hpp"
#include "ledger/base/result.hpp"
#include "market/audit/files.hpp"

namespace app {

struct HttpFailure {
  bool is_network = true;  // else there is no ledger at the address
  std::string why;
};

// The files of the log at the address, or at /log below it, in memory. A file that is missing ends
// the list, a file larger than any of its kind is cut off behind that: the audit then finds it, as
// it would in a directory. `trusted_policy` as in market/audit/public_log.hpp.
tl::expected<market::FileSet, HttpFailure> fetch_log(const HttpAddress& address,
                                                     const std::string& trusted_policy,
                                                     const HttpLimits& limits = {});

}  // namespace app
