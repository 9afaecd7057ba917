#include <doctest/doctest.h>

#include "ledger/base/rng.hpp"
#include "tests/support/signed_log.hpp"

using namespace ledger;

namespace {

// The example of golang.org/x/mod/sumdb/note, whose secret key is public.
const std::string vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string skey = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";  // type, seed
const std::string text =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const std::string line =
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n";

NoteKey known_key() {
  auto key = parse_vkey(vkey);
  REQUIRE(key);
  return *key;
}

}  // namespace

TEST_CASE("other people's key and note are read, checked and written as they are") {
  const NoteKey key = known_key();
  CHECK(key.name == "PeterNeumann");
  CHECK(to_hex(key_id(key)) == "c74f20a3");
  CHECK(vkey_text(key) == vkey);
  const auto note = parse_note(text + "\n" + line);
  REQUIRE(note);
  Ed25519Verifier verifier;
  CHECK(verify_line(key, note->signatures[0], note->text, verifier));

  const Bytes secret = *from_base64(skey);
  KeySeed seed;
  std::copy(secret.begin() + 1, secret.end(), seed.begin());
  Ed25519Signer signer(seed);
  CHECK(signer.public_key() == key.key);
  CHECK(write_note({text, {sign_note(key, signer, text)}}) == text + "\n" + line);
}

TEST_CASE("a note with any byte changed is refused or does not hold") {
  const NoteKey key = known_key();
  const std::string good = text + "\n" + line;
  Ed25519Verifier verifier;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int change : {0x01, 0x20, 0x80}) {
      std::string wrong = good;
      wrong[i] = static_cast<char>(wrong[i] ^ change);
      const auto note = parse_note(wrong);
      const bool holds = note && note->signatures.size() == 1 &&
                         verify_line(key, note->signatures[0], note->text, verifier);
      CHECK_FALSE(holds);
    }
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(parse_note(good.substr(0, n)));
}

TEST_CASE("notes have one form") {
  const std::string good = text + "\n" + line;
  const std::string name = "\u2014 PeterNeumann ";
  const std::string base64 = line.substr(name.size(), line.size() - name.size() - 1);
  for (const std::string& wrong :
       {std::string(),
        std::string("\n"),
        std::string("\n\n"),
        text,
        text + "\n",
        line,
        text + line,
        good + "\n",
        good + " ",
        good + "x\n",
        good + line + "\n",
        text + "\n- PeterNeumann " + base64 + "\n",
        text + "\n\u2014PeterNeumann " + base64 + "\n",
        text + "\n\u2014  " + base64 + "\n",
        text + "\n\u2014 Peter Neumann " + base64 + "\n",
        text + "\n\u2014 Peter+Neumann " + base64 + "\n",
        text + "\n" + name + " " + base64 + "\n",
        text + "\n" + name + base64 + " \n",
        text + "\n" + name + base64 + "\r\n",
        text + "\n" + name + "\n",
        text + "\n" + name + "x08gow==\n",
        text + "\n" + name + base64.substr(0, base64.size() - 1) + "\n",
        text + "\n" + name + base64.substr(0, base64.size() - 2) + "N=\n",
        std::string((1 << 20) + 1, 'a') + good})
    CHECK_FALSE_MESSAGE(parse_note(wrong), wrong.substr(0, 200));
  CHECK(parse_note(good));
  CHECK(parse_note("a\n\nb\n\n" + line)->text == "a\n\nb\n");  // the last empty line counts
}

TEST_CASE("keys have one form") {
  const std::string key = vkey.substr(vkey.rfind("+ARpc") + 1);
  for (const std::string& wrong :
       {std::string(), std::string("PeterNeumann"), std::string("PeterNeumann+c74f20a3"),
        "+c74f20a3+" + key, "PeterNeumann+C74F20A3+" + key, "PeterNeumann+c74f20a4+" + key,
        "PeterNeumann+c74f20a+" + key, "PeterNeumann++" + key, "Peter Neumann+c74f20a3+" + key,
        "peterNeumann+c74f20a3+" + key, vkey + " ", " " + vkey, vkey + "=", vkey + "AAAA",
        vkey + "\n", vkey.substr(0, vkey.size() - 4)})
    CHECK_FALSE_MESSAGE(parse_vkey(wrong), wrong);
  for (const std::uint8_t type : {0x00, 0x02, 0x03, 0x05, 0x06, 0xff}) {
    NoteKey unknown = known_key();
    unknown.type = static_cast<NoteKeyType>(type);
    CHECK_FALSE(parse_vkey(vkey_text(unknown)));
  }
  for (std::size_t i = 0; i < vkey.size(); ++i) {
    std::string wrong = vkey;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    CHECK_FALSE_MESSAGE(parse_vkey(wrong), wrong);
  }
  NoteKey cosigner = known_key();
  cosigner.type = NoteKeyType::cosignature;
  CHECK(parse_vkey(vkey_text(cosigner)) == cosigner);
  CHECK(key_id(cosigner) != key_id(known_key()));
}

TEST_CASE("a line holds for its own key, type, name, time and text only") {
  const SignedLog log = example_log();
  const std::string body = checkpoint_text(log.checkpoint());
  Ed25519Verifier verifier;
  const NoteKey& key = log.policy.witnesses[0];
  const NoteSignature good = log.validator_line(0, body);
  REQUIRE(verify_line(key, good, body, verifier));

  CHECK_FALSE(verify_line(log.policy.witnesses[1], good, body, verifier));
  CHECK_FALSE(verify_line(log.policy.log, good, body, verifier));
  CHECK_FALSE(verify_line(key, good, body + "more\n", verifier));
  NoteKey other = key;
  other.type = NoteKeyType::ed25519;
  CHECK_FALSE(verify_line(other, good, body, verifier));
  NoteSignature wrong = good;
  wrong.id = key_id(other);
  CHECK_FALSE(verify_line(other, wrong, body, verifier));  // a cosignature is no plain signature
  wrong = good;
  wrong.name += "x";
  CHECK_FALSE(verify_line(key, wrong, body, verifier));
  for (std::size_t i = 0; i < good.signature.size(); ++i) {
    wrong = good;
    wrong.signature[i] ^= 1;
    CHECK_FALSE(verify_line(key, wrong, body, verifier));
  }
  wrong = good;
  wrong.signature.push_back(0);
  CHECK_FALSE(verify_line(key, wrong, body, verifier));
  wrong.signature.resize(64);
  CHECK_FALSE(verify_line(key, wrong, body, verifier));
  wrong.signature.clear();
  CHECK_FALSE(verify_line(key, wrong, body, verifier));
}

TEST_CASE("a plain line with a byte more or less does not hold") {
  const SignedLog log = example_log();
  const std::string body = checkpoint_text(log.checkpoint());
  Ed25519Verifier verifier;
  NoteSignature wrong = log.log_line(body);
  REQUIRE(verify_line(log.policy.log, wrong, body, verifier));
  wrong.signature.push_back(0);
  CHECK_FALSE(verify_line(log.policy.log, wrong, body, verifier));
  wrong.signature.resize(63);
  CHECK_FALSE(verify_line(log.policy.log, wrong, body, verifier));
}

TEST_CASE("a plain signature that bears a cosigner's id is no cosignature") {
  const SignedLog log = example_log();
  const std::string body = checkpoint_text(log.checkpoint());
  Ed25519Verifier verifier;
  Ed25519Signer signer = signer_of(1);
  NoteKey key = log.policy.witnesses[0];
  const NoteSignature plain = sign_note(key, signer, body);  // bears the cosigner's id
  CHECK_FALSE(verify_line(key, plain, body, verifier));
}

TEST_CASE("a cosignature's time is below 2^63") {
  const SignedLog log = example_log();
  const std::string body = checkpoint_text(log.checkpoint());
  Ed25519Verifier verifier;
  Ed25519Signer signer = signer_of(1);
  const NoteKey& key = log.policy.witnesses[0];
  const auto at = [&](std::uint64_t time) {
    const auto signature = signer.sign(bytes_of(cosigned_text(time, body)));
    return verify_line(key, cosignature_line(key, time, signature), body, verifier);
  };
  CHECK(at(0));
  CHECK(at((std::uint64_t{1} << 63) - 1));
  CHECK_FALSE(at(std::uint64_t{1} << 63));
  CHECK_FALSE(at(~std::uint64_t{0}));
}

TEST_CASE("garbage neither parses nor breaks the reader") {
  Rng rng(21);
  const std::string alphabet = "\u2014 \n\nAa0+/=x";
  for (int i = 0; i < 3000; ++i) {
    std::string garbage;
    for (std::uint64_t k = rng.below(80); k > 0; --k)
      garbage += rng.chance(0.7) ? alphabet[rng.below(alphabet.size())]
                                 : static_cast<char>(rng.below(256));
    if (const auto note = parse_note(garbage)) CHECK(write_note(*note) == garbage);
    CHECK_FALSE(parse_vkey(garbage));
  }
}
