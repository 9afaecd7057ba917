#include "ledger/tlog/policy.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace ledger {
namespace {

constexpr std::size_t max_policy_size = 1 << 20;
constexpr std::string_view group_name = "validators";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

Result<NoteKey> parse_key(std::string_view text, NoteKeyType type) {
  auto key = parse_vkey(text);
  if (key && key->type != type) return failure("key of \"" + key->name + "\" is of another type");
  return key;
}

// Takes one line's words into the policy; what does not fit is left out, and the rewritten text
// then differs.
Result<void> take_line(std::string_view line, Policy& policy) {
  const auto words = words_of(line);
  const std::string_view what = words.empty() ? "" : words[0];
  if (what == "log" && words.size() == 2) {
    auto key = parse_key(words[1], NoteKeyType::ed25519);
    if (!key) return failure(key.error());
    policy.log = std::move(*key);
  } else if (what == "witness" && words.size() == 3) {
    auto key = parse_key(words[2], NoteKeyType::cosignature);
    if (!key) return failure(key.error());
    policy.witnesses.push_back(std::move(*key));
  } else if (what == "group" && words.size() > 2) {
    std::from_chars(words[2].data(), words[2].data() + words[2].size(), policy.quorum);
  }
  return {};
}

// A key that stood twice, under one name or two, would count twice.
Result<void> check_witnesses(const Policy& policy) {
  std::set<std::string_view> names{"none", group_name};
  std::set<PublicKey> keys;
  for (const NoteKey& w : policy.witnesses) {
    if (!names.insert(w.name).second) return failure("name \"" + w.name + "\" is taken");
    if (!keys.insert(w.key).second) return failure("key of \"" + w.name + "\" is there twice");
  }
  const std::size_t n = policy.witnesses.size();
  if (policy.quorum < quorum_of(n) || policy.quorum > n)
    return failure("a quorum of " + std::to_string(policy.quorum) + " of " + std::to_string(n) +
                   " is not more than two thirds");
  return {};
}

}  // namespace

Policy policy_of(const Genesis& genesis) {
  Policy p;
  const std::string origin = origin_of(genesis);
  p.log = {origin, NoteKeyType::ed25519, genesis.observer};
  for (std::size_t v = 0; v < genesis.validators.size(); ++v)
    p.witnesses.push_back({origin + "/validator-" + std::to_string(v), NoteKeyType::cosignature,
                           genesis.validators[v]});
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
  const std::string group(group_name);
  out += "group " + group + " " + std::to_string(policy.quorum) + members + "\n";
  return out + "quorum " + group + "\n";
}

Result<Policy> parse_policy(std::string_view text) {
  if (text.size() > max_policy_size) return failure("a policy above 1 MiB");
  Policy policy;
  std::size_t number = 0;
  const auto fail = [&](const std::string& why) {
    return failure("policy line " + std::to_string(number) + ": " + why);
  };
  std::string_view rest = text;
  while (!rest.empty()) {
    ++number;
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (auto ok = take_line(rest.substr(0, end), policy); !ok) return fail(ok.error());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (auto ok = check_witnesses(policy); !ok) return failure("policy: " + ok.error());
  const std::string expected = policy_text(policy);
  if (expected == text) return policy;
  const auto same = std::mismatch(text.begin(), text.end(), expected.begin(), expected.end()).first;
  number = static_cast<std::size_t>(1 + std::count(text.begin(), same, '\n'));
  return fail("not in the form of this ledger's policies");
}

}  // namespace ledger
