#include "twin/scenario/nearest.hpp"

#include <algorithm>
#include <numeric>

#include "ledger/base/utf8.hpp"

namespace twin {
namespace {

std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// The bytes of the character at the front; 0: there is none, or a control character.
std::size_t printable_length(std::string_view text) {
  const std::size_t length = ledger::utf8_length(text);
  return ledger::is_control(text.substr(0, length)) ? 0 : length;
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = std::max<std::size_t>(3, word.size() / 2);
  for (const std::string& k : known)
    if (const std::size_t e = edits(word, k); e < least) {
      least = e;
      best = k;
    }
  return best;
}

std::string cut(const std::string& text) {
  constexpr std::size_t longest_shown = 80;
  return text.size() <= longest_shown ? text : text.substr(0, longest_shown) + "...";
}

std::string printable(const std::string& message) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t length = printable_length(std::string_view(message).substr(at));
    const auto byte = static_cast<unsigned char>(message[at]);
    if (length > 0)
      out.append(message, at, length);
    else
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace twin
