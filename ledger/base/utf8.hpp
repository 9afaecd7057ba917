#pragma once
// UTF-8 as RFC 3629, section 4, has it: no overlong forms, no surrogates, nothing above U+10FFFF.

#include <cstddef>
#include <string_view>

namespace ledger {

// Bytes of the character at the front; 0 where there is none.
std::size_t utf8_length(std::string_view text);

// Whether a character is C0, DEL or C1.
bool is_control(std::string_view character);

}  // namespace ledger
