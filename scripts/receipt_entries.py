"""Inclusion: what a receipt's entries are, that they stand on the log, and that what they open
stands under them; from docs/formats/receipt.md."""
import re

from encoding import is_int, sha256, unbase64, unhex, want
from log_trees import included, leaf_hash, signed_by
from public_log import CONCENTRATED, check_checkpoint, check_entry
from receipt_fields import (BATCH, CERTIFICATE, CONTRACT, GATEWAY, GRID_MEASURE, KEY_CHANGE, MARKS,
                            ORDER, REGISTRATION, RULING, SETTLEMENT, STATEMENTS, SWAP,
                            TARIFF_CHANGE, Fields, read_body)

U32 = 2**32 - 1


def only_keys(value, keys, name):
    want(type(value) is dict and set(value) == set(keys), f"{name}: does not hold exactly its keys")


def items(value, name):
    want(type(value) is list, f"{name}: is not a list")
    return value


def entry_signed(entry, key, trust):
    said = b"aipchain entry 1" + trust.chain_id + entry.bytes[:-64]
    return signed_by(key, said, entry.body.signature)


def check_under(e, data, salt, place, name):
    """That an entry has an opening, whose place gives of, path and position."""
    path = [unhex(h, 32) for h in items(place["path"], name)]
    want(data is not None and salt is not None and None not in path
         and is_int(place["of"], 0, U32) and is_int(place["position"], 0, U32),
         f"{name}: opening is malformed")
    want(place["of"] == e.body.openings, f"{name}: the entry states another number of openings")
    want(included(leaf_hash(sha256(salt, data)), place["position"], place["of"], path, e.root),
         f"{name}: opening is not under the entry's root")


class EntryReader:
    """Reads entries with their proofs, all under the checkpoint of the first, and openings of one
    account. An entry is its bytes, root, index and body, and the data of its opening."""

    def __init__(self, trust, account):
        self.trust, self.account, self.checkpoint = trust, account, None

    def entry(self, j, kind, name):
        """An entry that stands in the log."""
        entry = unhex(j["entry"])
        want(entry is not None, f"{name}: entry is not hexadecimal")
        found, body = check_entry(entry, name)
        want(found == kind and len(entry) <= 65_535, f"{name}: is another kind of entry")
        want(type(j["proof"]) is str, f"{name}: proof is no text")
        head, _, checkpoint = j["proof"].partition("\n\n")
        lines = head.split("\n")
        want(lines[0] == "c2sp.org/tlog-proof@v1" and 2 <= len(lines) <= 66
             and re.fullmatch(r"index (0|[1-9][0-9]{0,19})", lines[1]), f"{name}: is no tlog-proof")
        path = [unbase64(line) for line in lines[2:]]
        want(all(h is not None and len(h) == 32 for h in path), f"{name}: a sibling is no hash")
        if self.checkpoint is None:
            self.checkpoint = checkpoint
            self.size, self.root, _ = check_checkpoint(checkpoint, self.trust, name)
        want(checkpoint == self.checkpoint, f"{name}: proof of another checkpoint")
        index = int(lines[1][6:])
        want(included(leaf_hash(entry), index, self.size, path, self.root),
             f"{name}: is not at index {index} of the log")
        return Fields(bytes=entry, root=entry[2:34], index=index, body=read_body(kind, body, name))

    def concentrated(self, j, name):
        """A batch that stands within a concentrator's entry."""
        within, name_within = j["within"], f"{name}.within"
        only_keys(within, ("entry", "of", "path", "position", "proof"), name_within)
        outer = self.entry(within, CONCENTRATED, name_within)
        keys = self.trust.genesis.get("concentrators", [])
        want(outer.body.concentrator < len(keys)
             and entry_signed(outer, bytes.fromhex(keys[outer.body.concentrator]), self.trust),
             f"{name_within}: is not signed by its concentrator")
        entry = unhex(j["entry"])
        want(entry is not None, f"{name}: entry is not hexadecimal")
        check_under(outer, entry, bytes(32), within, name_within)
        found, body = check_entry(entry, name)
        want(found == BATCH, f"{name}: is another kind of entry")
        return Fields(bytes=entry, root=entry[2:34], index=outer.index,
                      body=read_body(BATCH, body, name))

    def opened(self, j, kind, name):
        """Such an entry with one opening of the account."""
        within = kind == BATCH and type(j) is dict and "within" in j
        keys = ("entry", "opening", "within" if within else "proof")
        only_keys(j, keys + (("readings",) if kind == BATCH else ()), name)
        e = self.concentrated(j, name) if within else self.entry(j, kind, name)
        o = j["opening"]
        only_keys(o, ("data", "of", "path", "position", "salt"), name)
        e.data, salt = unhex(o["data"]), unhex(o["salt"], 32)
        check_under(e, e.data, salt, o, name)
        want(e.data[:16] == self.account, f"{name}: opening is another account's")
        return e


def rising(entries):
    return all(a.index < b.index for a, b in zip(entries, entries[1:]))


def read_gateway(j, reader):
    """The entries of the gateway, which have no openings."""
    out = []
    for o in j.get("gateway", []):
        only_keys(o, ("entry", "proof"), "gateway")
        raw = unhex(o["entry"])
        want(raw is not None and len(raw) > 1 and raw[1] in (GATEWAY, KEY_CHANGE),
             "gateway: is another kind of entry")
        out.append(reader.entry(o, raw[1], "gateway"))
    want(rising(out), "gateway: entries are not in their order on the log")
    return out


def read_fees(j, reader):
    """Tariff changes, which have no openings."""
    for o in j.get("fees", []):
        only_keys(o, ("entry", "proof"), "fees")
    out = [reader.entry(o, TARIFF_CHANGE, "fees") for o in j.get("fees", [])]
    want(rising(out), "fees: entries are not in their order on the log")
    return out


def read_entries(j, reader):
    """All entries of a receipt but its batches."""
    e = Fields(registration=reader.opened(j["registration"], REGISTRATION, "registration"))
    only_keys(j["settlement"], ("entry", "proof"), "settlement")
    e.settlement = reader.entry(j["settlement"], SETTLEMENT, "settlement")
    e.statement = reader.opened(j["statement"], STATEMENTS, "statement")
    e.statement_before = (reader.opened(j["statement_before"], STATEMENTS, "statement_before")
                          if "statement_before" in j else None)
    e.marks = {name: reader.opened(j[name], MARKS, name) if j[name] is not None else None
               for name in ("mark", "before")}
    e.swaps = [reader.opened(o, SWAP, "swaps") for o in items(j["swaps"], "swaps")]
    e.rulings = [reader.opened(o, RULING, "rulings") for o in items(j["rulings"], "rulings")]
    e.orders = [reader.opened(o, ORDER, "orders") for o in items(j["orders"], "orders")]
    want(rising(e.orders), "orders are not in their order on the log")
    e.key_changes = [reader.opened(o, KEY_CHANGE, "keys") for o in j.get("keys", [])]
    e.certificates = [reader.opened(o, CERTIFICATE, "certificates")
                      for o in j.get("certificates", [])]
    e.contracts = [reader.opened(o, CONTRACT, "contracts") for o in j.get("contracts", [])]
    e.measures = [reader.opened(o, GRID_MEASURE, "measures") for o in j.get("measures", [])]
    e.fees = read_fees(j, reader)
    e.gateway = read_gateway(j, reader)
    return e
