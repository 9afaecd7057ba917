"""A household's receipt, from docs/formats/receipt.md: its checks in their order, each of what those
before it gave; and the proof that stands in its place once the account's data are erased."""
import re

from encoding import Wrong, canonical_json, is_int, sha256, unhex, want
from log_trees import leaf_hash
from public_log import Trust
from receipt_capacity import check_capacity
from receipt_deals import holds_tokens
from receipt_entries import U32, EntryReader, entry_signed, only_keys, read_entries
from receipt_fields import ERASURE
from receipt_money import check_bill, check_clearing, check_tariff
from receipt_openings import read_openings
from receipt_readings import check_energy, read_readings
from receipt_signatures import check_signatures

KEYS = {"account", "batches", "before", "bill", "book", "format", "genesis", "mark", "meter",
        "orders", "policy", "registration", "rulings", "settlement", "slot", "statement", "swaps"}
NOW_AND_THEN = {"certificates", "contracts", "fees", "gateway", "keys", "measures"}  # where there are any
AT_TIMES = {"statement_before"}  # the same, and no list


class Checks:
    """(name, True or False, detail) of each check that was begun."""

    def __init__(self):
        self.done = []

    def begin(self, name):
        self.name = name

    def holds(self, detail=""):
        self.done.append((self.name, True, detail))

    def fails(self, why):
        self.done.append((self.name, False, why))


def verify(data, trusted=None):
    """[(name, True or False, detail)], up to the first check that does not hold."""
    erased = re.match(rb'\{"account":".{32}","erasure":\{', data, re.DOTALL) is not None
    checks = Checks()
    try:
        (verify_erasure if erased else verify_receipt)(data, trusted, checks)
    except Wrong as wrong:
        checks.fails(str(wrong))
    return checks.done


def verify_receipt(data, trusted, checks):
    checks.begin("canonical form")
    j = parse_receipt(data)
    account, slot = unhex(j["account"], 16), j["slot"]
    checks.holds()

    checks.begin("trust root")
    trust = trust_of(j, trusted)
    checks.holds()

    checks.begin("inclusion")
    reader = EntryReader(trust, account)
    entries = read_entries(j, reader)
    checks.holds()

    checks.begin("openings")
    openings = read_openings(j, entries, slot, trust.genesis)
    checks.holds()

    checks.begin("signatures")
    gateway = check_signatures(entries, openings, slot, trust)
    checks.holds()

    if openings.measures:
        checks.begin("grid measures")
        checks.holds()

    checks.begin("readings")
    readings = read_readings(j, reader, openings, gateway, slot, trust)
    checks.holds()

    checks.begin("metered energy")
    check_energy(openings, readings, slot, trust.genesis)
    checks.holds()

    checks.begin("clearing")
    settled = entries.settlement.body
    check_clearing(j, openings, settled, account, trust.genesis)
    checks.holds()

    checks.begin("tariff")
    check_capacity(openings, trust.genesis)
    check_tariff(openings.statement, settled.price, openings.prices_in(slot),
                 holds_tokens(openings.contracts))
    checks.holds()

    checks.begin("bill")
    check_bill(j, openings, trust.genesis["slot_ms"])
    checks.holds()


def verify_erasure(data, trusted, checks):
    checks.begin("canonical form")
    j = parse_erasure(data)
    account = unhex(j["account"], 16)
    checks.holds()

    checks.begin("trust root")
    trust = trust_of(j, trusted)
    checks.holds()

    checks.begin("inclusion")
    record = EntryReader(trust, account).entry(j["erasure"], ERASURE, "erasure")
    checks.holds()

    checks.begin("erasure")
    check_erasure(record, account, j["stages"], trust)
    checks.holds(f"erased by record {record.index}")


# ---- the two forms

def deeper_than(value, levels):
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return levels < 0 or any(deeper_than(v, levels - 1) for v in inner)


def parsed(data):
    want(len(data) <= 64 << 20, "larger than 64 MiB")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Wrong("is not UTF-8") from None
    j = canonical_json(text, "\n")
    want(type(j) is dict and not deeper_than(j, 8), "is not in its canonical form")
    return j


def parse_receipt(data):
    j = parsed(data)
    want(set(j) - NOW_AND_THEN - AT_TIMES == KEYS and j["format"] == "aipchain receipt 1",
         "does not hold exactly the keys of a receipt")
    want(all(type(j[key]) is list and j[key] for key in NOW_AND_THEN & set(j)),
         "a list that need not be there is none, or empty")
    want(unhex(j["account"], 16) is not None and is_int(j["slot"], 0, U32),
         "account or slot is malformed")
    return j


def parse_erasure(data):
    want(len(data) <= 16 << 20, "larger than 16 MiB")
    j = parsed(data)
    want(set(j) == {"account", "erasure", "format", "genesis", "policy", "stages"}
         and j["format"] == "aipchain erasure 1", "does not hold exactly the keys of an erasure")
    only_keys(j["erasure"], ("entry", "proof"), "erasure")
    want(unhex(j["account"], 16) is not None and unhex(j["erasure"]["entry"]) is not None
         and is_int(j["stages"], 0, 2**64 - 1)
         and all(type(v) is str for v in (j["genesis"], j["policy"], j["erasure"]["proof"])),
         "a value is malformed")
    return j


def trust_of(j, trusted):
    for key in ("genesis", "policy"):
        want(type(j[key]) is str, f"{key} is no text")
    return Trust(j["genesis"], j["policy"], trusted)


def check_erasure(record, account, stages, trust):
    want(entry_signed(record, bytes.fromhex(trust.genesis["registrar"]), trust),
         "erasure is not signed by the registrar")
    want(1 <= stages <= 3, "erasure is of no stage")
    opening = account + bytes([1, stages])
    want(leaf_hash(sha256(record.body.salt, opening)) == record.root,
         "erasure is not of this account and these stages")
