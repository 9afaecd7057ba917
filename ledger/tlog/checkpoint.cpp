#include "ledger/tlog/checkpoint.hpp"

#include <algorithm>
#include <charconv>

namespace ledger {
namespace {

Result<Hash> parse_hash(std::string_view base64) {
  const auto bytes = from_base64(base64);
  Hash out{};
  if (!bytes || bytes->size() != out.size()) return failure("a root is base64 of 32 bytes");
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

std::string checkpoint_text(const Checkpoint& c) {
  return c.origin + "\n" + std::to_string(c.size) + "\n" + to_base64(c.root) + "\nstate " +
         to_base64(c.state_root) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  std::string_view rest = text;
  Checkpoint c;
  c.origin = take_line(rest);
  if (!valid_key_name(c.origin)) return failure("a checkpoint's origin is malformed");
  const std::string_view size = take_line(rest);
  std::from_chars(size.data(), size.data() + size.size(), c.size);
  const auto root = parse_hash(take_line(rest));
  if (!root) return failure(root.error());
  c.root = *root;
  std::string_view state = take_line(rest);
  if (!state.starts_with("state ")) return failure("a checkpoint holds a state line");
  const auto state_root = parse_hash(state.substr(6));
  if (!state_root) return failure(state_root.error());
  c.state_root = *state_root;
  if (checkpoint_text(c) != text) return failure("a checkpoint is not in its canonical form");
  return c;
}

Result<Checkpoint> check_checkpoint(std::string_view text, const Policy& policy,
                                    Verifier& verifier) {
  const auto note = parse_note(text);
  if (!note) return failure(note.error());
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint;
  if (checkpoint->origin != policy.log.name)
    return failure("origin \"" + checkpoint->origin + "\" is not the policy's log");
  if (!verify_line(policy.log, note->signatures[0], note->text, verifier))
    return failure("the log's own line does not hold");
  std::size_t next = 0, valid = 0;
  for (std::size_t i = 1; i < note->signatures.size(); ++i) {
    const NoteSignature& line = note->signatures[i];
    while (next < policy.witnesses.size() && policy.witnesses[next].name != line.name) ++next;
    if (next == policy.witnesses.size())
      return failure("line of " + line.name + " is a stranger's, doubled or out of order");
    if (!verify_line(policy.witnesses[next++], line, note->text, verifier))
      return failure("cosignature of " + line.name + " does not hold");
    ++valid;
  }
  if (valid < policy.quorum)
    return failure(std::to_string(valid) + " cosignatures where the policy wants " +
                   std::to_string(policy.quorum));
  return checkpoint;
}

}  // namespace ledger
