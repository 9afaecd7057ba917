#pragma once
// A secret of 32 bytes in a file that only its owner can read: "aipchain key 1 <64 hexadecimal
// digits>\n". A node has two: one signs what it says on the ledger, one is who it is on the wire.

#include <string>

#include "ledger/base/result.hpp"
#include "ledger/crypto/ed25519.hpp"

namespace hil {

// Refuses to replace a file: a key that is gone is a node that is gone.
ledger::Result<void> write_key(const std::string& path, const ledger::KeySeed& secret);
// Refuses a file that others can read.
ledger::Result<ledger::KeySeed> read_key(const std::string& path);

// The same for a text of another form; of one that is read at most `size` bytes and one more.
ledger::Result<void> write_secret_text(const std::string& path, const std::string& text);
ledger::Result<std::string> read_secret_text(const std::string& path, std::size_t size);

// From the operating system.
ledger::KeySeed new_secret();

}  // namespace hil
