#include "ledger/tlog/policy.hpp"

#include <charconv>

namespace ledger {
namespace {

constexpr std::size_t max_policy_size = 1 << 20;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

// Takes one line's words into the policy; what does not fit is left out, and the rewritten text
// then differs.
Result<void> take_line(std::string_view line, Policy& policy) {
  const auto words = words_of(line);
  const std::string_view what = words.empty() ? "" : words[0];
  if ((what == "log" && words.size() == 2) || (what == "witness" && words.size() == 3)) {
    auto key = parse_vkey(words.back());
    if (!key) return failure(key.error());
    if (what == "log")
      policy.log = std::move(*key);
    else
      policy.witnesses.push_back(std::move(*key));
  } else if (what == "group" && words.size() > 2) {
    std::from_chars(words[2].data(), words[2].data() + words[2].size(), policy.quorum);
  }
  return {};
}

}  // namespace

Policy policy_of(const Genesis& genesis) {
  Policy p;
  p.log = {origin_of(genesis), NoteKeyType::ed25519, genesis.observer};
  for (std::size_t v = 0; v < genesis.validators.size(); ++v)
    p.witnesses.push_back({origin_of(genesis) + "/validator-" + std::to_string(v),
                           NoteKeyType::cosignature, genesis.validators[v]});
  p.quorum = quorum_of(p.witnesses.size());
  return p;
}

std::string policy_text(const Policy& policy) {
  std::string out = "log " + vkey_text(policy.log) + "\n";
  std::string members;
  for (const NoteKey& w : policy.witnesses) {
    out += "witness " + w.name + " " + vkey_text(w) + "\n";
    members += " " + w.name;
  }
  out += "group validators " + std::to_string(policy.quorum) + members + "\n";
  return out + "quorum validators\n";
}

Result<Policy> parse_policy(std::string_view text) {
  if (text.size() > max_policy_size) return failure("a policy above 1 MiB");
  Policy policy;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (auto ok = take_line(rest.substr(0, end), policy); !ok) return failure(ok.error());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (policy.quorum == 0 || policy.quorum > policy.witnesses.size())
    return failure("a policy's quorum does not fit its witnesses");
  if (policy_text(policy) != text) return failure("a policy is not in its canonical form");
  return policy;
}

}  // namespace ledger
