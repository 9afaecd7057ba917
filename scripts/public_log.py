"""R1 to R3 of a public log, from docs/formats/log.md, consensus.md and transactions.md.

Files are a mapping from path to bytes, or anything with `paths` and `read(path)`. What is wrong is
raised as Wrong, which names the file.
"""
import base64
import binascii
import functools
import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    """A check that does not hold, and why."""


def want(holds, otherwise):
    if not holds:
        raise Wrong(otherwise)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Files:
    """Files in memory: {path: bytes}."""

    def __init__(self, files):
        self.files, self.paths = files, sorted(files)

    def read(self, path):
        return self.files.get(path)


class Reader:
    """Takes big-endian fields off the front; anything short, or left at the end, is refused."""

    def __init__(self, data, name):
        self.data, self.at, self.name = data, 0, name

    def raw(self, size):
        want(self.at + size <= len(self.data), f"{self.name}: is cut off")
        self.at += size
        return self.data[self.at - size:self.at]

    def uint(self, size):
        return int.from_bytes(self.raw(size), "big")

    def i64(self):
        return int.from_bytes(self.raw(8), "big", signed=True)

    def uints(self, *sizes):
        return [self.uint(size) for size in sizes]

    def sized(self):
        return self.raw(self.uint(4))

    def left(self):
        return len(self.data) - self.at

    def done(self):
        want(self.left() == 0, f"{self.name}: goes on behind its end")


# ---- Ed25519

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def small_order(point):
    """Whether 32 bytes name a point of order 1, 2, 4 or 8, in any encoding: its y is 1, -1, 0 or
    one whose double is of order 4, (D y^4 + 2 y^2 - 1 = 0)."""
    y = (int.from_bytes(point, "little") & (2**255 - 1)) % P
    return y in (0, 1, P - 1) or (D * y**4 + 2 * y * y - 1) % P == 0


@functools.lru_cache(maxsize=1 << 16)
def signed_by(key, message, signature):
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if y >= P or small_order(key) or small_order(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


# ---- trees

def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


class Tree:
    """RFC 6962: levels[k][i] is the root over leaves i << k to (i + 1) << k, complete ones only."""

    def __init__(self, leaves):
        self.levels = [leaves]
        while len(self.levels[-1]) > 1:
            low = self.levels[-1]
            self.levels.append([node_hash(low[i], low[i + 1]) for i in range(0, len(low) - 1, 2)])

    def root(self, size=None):
        size = len(self.levels[0]) if size is None else size
        out = None if size else sha256()
        for k in range(size.bit_length()):
            if size >> k & 1:
                whole = self.levels[k][(size >> k) - 1]
                out = whole if out is None else node_hash(whole, out)
        return out


def included(leaf, index, size, path, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


# ---- genesis and policy

HASHES = ("registrar", "metering_operator", "gateway_administrator", "certifier", "observer",
          "auditor_box", "rules", "input_hash")
PERIODS = ("slot_ms", "batch_ms", "block_ms", "metering_ms", "close_grace_ms")
MECHANISMS = ("retailer", "uniform", "pay-as-bid", "continuous", "bilateral", "mid-market",
              "supply-demand", "bill-sharing", "bill-sharing-static", "grid-aware", "fee-tree")
PRICES = ("grid_fee", "levies", "local_grid_fee", "retail_buy", "retail_sell")
KEY_NAME = re.compile(r"[!-*,-~]+")
EPOCH = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{3})?(Z|[+-](\d\d):(\d\d))",
                   re.ASCII)


def is_int(value, least, most):
    return type(value) is int and least <= value <= most


def unhex(text, size=None):
    """Lower-case hexadecimal of so many bytes, or None."""
    if type(text) is not str or not re.fullmatch(r"([0-9a-f]{2})*", text):
        return None
    return bytes.fromhex(text) if size is None or len(text) == 2 * size else None


def canonical_json(text, end=""):
    """The value of a JSON text in its one form, or None."""
    try:
        value = json.loads(text)
        form = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        form.encode()
    except (ValueError, RecursionError):
        return None
    return value if form + end == text else None


def is_epoch(text):
    parts = EPOCH.fullmatch(text) if type(text) is str else None
    if not parts:
        return False
    year, month, day, hour, minute, second = (int(part) for part in parts.groups()[:6])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    zero = parts[8] in ("+00:00", "-00:00") or parts[7] == ".000"
    return (1 <= month <= 12 and 1 <= day <= days[month - 1] and hour < 24 and minute < 60
            and second < 60 and int(parts[9] or 0) < 24 and int(parts[10] or 0) < 60 and not zero)


def check_capacity_terms(g):
    zone = g.get("zone")
    want(is_int(g["capacity_price"], 1, 1_000_000_000),
         "genesis: capacity_price is not 1 to 1000000000")
    want(type(zone) is dict and set(zone) == {"offset_minutes", "summer_time"}
         and is_int(zone["offset_minutes"], -1439, 1439) and type(zone["summer_time"]) is bool,
         "genesis: zone is malformed")
    want(is_int(g.get("slot_ms"), 60_000, 86_400_000),
         "genesis: slots of less than a minute beside a capacity price")


def check_genesis(text):
    g = canonical_json(text)
    want(type(g) is dict, "genesis: is not in its canonical form")
    keys = {"format", "name", "epoch", "validators", "gateways", "prices_micro_eur_per_kwh",
            "mechanism", "dark_utc_minutes", "oracles", "certificates", *HASHES, *PERIODS}
    keys |= {"concentrators"} & set(g)
    if "grid_operator" in g:
        keys.add("grid_operator")
        want(unhex(g["grid_operator"], 32) not in (None, bytes(32)),
             "genesis: grid_operator is not a key")
    if "vat_permille" in g:
        keys.add("vat_permille")
        want(is_int(g["vat_permille"], 1, 500), "genesis: vat_permille is not 1 to 500")
    if "capacity_price" in g:
        keys |= {"capacity_price", "zone"}
        check_capacity_terms(g)
    if "attesters" in g:
        keys.add("attesters")
        want(type(g.get("oracles")) is list and is_int(g["attesters"], 1, min(len(g["oracles"]), 255)),
             "genesis: attesters are not 1 to as many as there are oracles")
    want(set(g) == keys and g["format"] == "aipchain genesis 1",
         "genesis: does not hold exactly its keys")
    want(type(g["name"]) is str and KEY_NAME.fullmatch(g["name"]), "genesis: name is malformed")
    want(is_epoch(g["epoch"]), "genesis: epoch is malformed")
    for key in PERIODS:
        want(is_int(g[key], 0 if key == "close_grace_ms" else 1, 86_400_000),
             f"genesis: {key} is out of range")
    for key in HASHES:
        want(unhex(g[key], 32) is not None, f"genesis: {key} is not 32 bytes")
    want(type(g["certificates"]) is bool, "genesis: certificates is neither true nor false")
    dark = g["dark_utc_minutes"]
    want(type(dark) is list and len(dark) == 12
         and all(type(m) is list and len(m) == 2 and all(is_int(t, 0, 1440) for t in m)
                 for m in dark), "genesis: dark_utc_minutes are not twelve months")
    want(g.get("concentrators") != [], "genesis: concentrators is empty")
    for key in ("validators", "gateways", "oracles", "concentrators"):
        want(key not in g or type(g[key]) is list and all(unhex(k, 32) is not None for k in g[key]),
             f"genesis: {key} are not keys")
    want(g["validators"] and len(set(g["validators"])) == len(g["validators"]),
         "genesis: there is no validator, or one is there twice")
    want(len(set(g["oracles"])) == len(g["oracles"]), "genesis: an oracle is there twice")
    others = g.get("concentrators", [])
    want(len(set(others)) == len(others), "genesis: a concentrator is there twice")
    prices = g["prices_micro_eur_per_kwh"]
    want(type(prices) is dict and set(prices) == set(PRICES)
         and all(is_int(p, 0, 100_000_000) for p in prices.values()), "genesis: prices")
    want(g["mechanism"] in MECHANISMS, "genesis: mechanism is unknown")
    want(g["mechanism"] not in ("grid-aware", "fee-tree") or "grid_operator" in g,
         "genesis: there is no grid operator")
    want(g["mechanism"] != "fee-tree" or prices["local_grid_fee"] == 0,
         "genesis: a local grid fee beside a tree of fees")
    return g


class Key:
    def __init__(self, name, kind, public):
        self.name, self.kind, self.public = name, kind, public
        self.id = sha256(name.encode(), b"\n", bytes([kind]), public)[:4]

    def text(self):
        both = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{both}"


class Trust:
    """Genesis, and the policy that follows from it."""

    def __init__(self, genesis_text, policy_text, trusted=None):
        self.genesis = check_genesis(genesis_text)
        self.chain_id = sha256(genesis_text.encode())
        self.origin = f"aipchain.example/{self.genesis['name']}/{self.chain_id.hex()}"
        self.validators = [bytes.fromhex(key) for key in self.genesis["validators"]]
        self.quorum = 2 * len(self.validators) // 3 + 1
        self.log = Key(self.origin, 1, bytes.fromhex(self.genesis["observer"]))
        self.witnesses = [Key(f"{self.origin}/validator-{v}", 4, key)
                          for v, key in enumerate(self.validators)]
        want(policy_text == self.policy(), "policy: does not follow from genesis")
        want(trusted is None or policy_text == trusted, "policy: differs from the trusted one")

    def policy(self):
        lines = [f"log {self.log.text()}"]
        lines += [f"witness {w.name} {w.text()}" for w in self.witnesses]
        lines += [" ".join(["group validators", str(self.quorum), *(w.name for w in self.witnesses)])]
        return "\n".join(lines + ["quorum validators", ""])


# ---- checkpoint

def unbase64(text):
    """Base64 in its one form, or None."""
    try:
        out = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return out if base64.b64encode(out).decode() == text else None


def read_line(line, name):
    parts = line.split(" ")
    both = unbase64(parts[2]) if len(parts) == 3 and parts[0] == "\u2014" else None
    want(both is not None and len(both) > 4, f"{name}: a signature line is malformed")
    return parts[1], both[:4], both[4:]


def line_holds(key, line, text):
    name, key_id, signature = line
    if (name, key_id) != (key.name, key.id):
        return False
    if key.kind == 1:
        return len(signature) == 64 and signed_by(key.public, text.encode(), signature)
    time = int.from_bytes(signature[:8], "big")
    said = f"cosignature/v1\ntime {time}\n{text}".encode()
    return len(signature) == 72 and time < 2**63 and signed_by(key.public, said, signature[8:])


def check_checkpoint(note, trust, name="checkpoint"):
    """(size, root, state root) of a signed note under the policy."""
    want(len(note.encode()) <= 1 << 20 and "\n\n" in note and note.endswith("\n"),
         f"{name}: is no signed note")
    text, _, rest = note.rpartition("\n\n")
    text += "\n"
    lines = [read_line(line, name) for line in rest[:-1].split("\n")]
    fields = text.split("\n")
    want(len(fields) == 5 and fields[0] == trust.origin and fields[4] == ""
         and re.fullmatch(r"0|[1-9][0-9]{0,19}", fields[1]) and int(fields[1]) < 2**64
         and fields[3].startswith("state "), f"{name}: is not in its canonical form")
    root, state = unbase64(fields[2]), unbase64(fields[3][6:])
    want(root is not None and state is not None and len(root) == len(state) == 32,
         f"{name}: a root is not 32 bytes")
    want(line_holds(trust.log, lines[0], text), f"{name}: the log's own line does not hold")
    order = [w.name for w in trust.witnesses]
    places = [order.index(line[0]) if line[0] in order else -1 for line in lines[1:]]
    want(-1 not in places and all(a < b for a, b in zip(places, places[1:])),
         f"{name}: a line is a stranger's, doubled or out of order")
    for place, line in zip(places, lines[1:]):
        want(line_holds(trust.witnesses[place], line, text), f"{name}: {line[0]} does not hold")
    want(len(places) >= trust.quorum, f"{name}: no quorum cosigned it")
    return int(fields[1]), root, state


# ---- files

def text_file(files, path):
    data = files.read(path)
    want(data is not None, f"{path}: missing")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Wrong(f"{path}: is not UTF-8") from None


def tile_path(level, number, width):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    part = f".p/{width}" if width < 256 else ""
    return f"tile/{level}/" + "/".join(groups) + part


def tiles(level, count):
    """(path, first, end) of the tiles that hold `count` hashes or entries."""
    for first in range(0, count, 256):
        end = min(count, first + 256)
        yield tile_path(level, first // 256, end - first), first, end


def read_entries(files, size):
    want(size <= 2**32, "checkpoint: a log above 2^32 entries")
    entries = []
    for path, first, end in tiles("entries", size):
        data = files.read(path)
        want(data is not None, f"{path}: missing")
        r = Reader(data, path)
        entries += [r.raw(r.uint(2)) for _ in range(first, end)]
        r.done()
    return entries


def check_tiles(files, tree, size):
    for level in range(5):
        for path, first, end in tiles(level, size >> 8 * level):
            expected = b"".join(tree.levels[8 * level][first:end])
            data = files.read(path)
            want(data is not None, f"{path}: missing")
            want(data == expected, f"{path}: differs from its entries")


class Block:
    def __init__(self, r, height, path):
        self.name = f"{path}: block {height}"
        self.bytes = r.raw(257)
        self.id = sha256(self.bytes)
        h = Reader(self.bytes, self.name)
        version, self.height, self.time = h.uint(1), h.uint(8), h.i64()
        h.uint(4)  # the proposer
        self.previous, self.log_size = h.raw(32), h.uint(8)
        self.log_root, self.state_root = h.raw(32), h.raw(32)
        self.entries, self.entries_root = h.uint(4), h.raw(32)
        self.rules, self.validators, self.evidence = h.raw(32), h.raw(32), h.raw(32)
        want(version == 1 and self.height == height, f"{self.name} is not in its canonical form")
        self.read_certificate(Reader(r.sized(), self.name))

    def read_certificate(self, c):
        version, self.kind = c.uints(1, 1)
        self.about, self.round, value, count = c.uint(8), c.uint(4), c.raw(32), c.uint(2)
        self.value = value
        want(version == 1 and self.kind in (4, 5) and self.about >= 1 and self.round < 2**31 - 1
             and count <= 1024,
             f"{self.name} is not in its canonical form")
        self.votes = []
        for _ in range(count):
            validator = c.uint(4)
            valid_round = c.uint(4) if self.kind == 4 else 0xffffffff
            want(valid_round == 0xffffffff or valid_round < self.round,
                 f"{self.name} is not in its canonical form")
            self.votes.append((validator, c.raw(64)))
        c.done()
        order = [validator for validator, _ in self.votes]
        want(all(a < b for a, b in zip(order, order[1:])),
             f"{self.name} is not in its canonical form")


def read_blocks(files, size):
    blocks, covered = [], 0
    while len(blocks) % 256 == 0:
        path = f"blocks/{len(blocks) // 256}"
        data = files.read(path)
        before = len(blocks)
        r = Reader(data or b"", path)
        while r.left():
            want(len(blocks) - before < 256, f"{path}: holds too much")
            block = Block(r, len(blocks) + 1, path)
            want(block.log_size == covered, f"{block.name} begins at another entry")
            covered = block.log_size + block.entries
            blocks.append(block)
        if before == len(blocks):
            break
    want(blocks, "blocks/0: missing or empty")
    want(covered == size, f"{blocks[-1].name} ends at another entry than the checkpoint")
    return blocks


def concentrated(entries):
    """Indices of the entries that hold many gateways' batches."""
    return [i for i, entry in enumerate(entries) if entry[:2] == b"\1" + bytes([CONCENTRATED])]


def read_concentrated_body(body, name):
    """(concentrator, batches, readings, signature)."""
    r = Reader(body, name)
    out = r.uint(4), r.uint(4), r.uint(8), r.raw(64)
    r.done()
    return out


def check_batches(files, entries):
    """The batches behind concentrated entries: in their files, form, order and number, and under
    their entries' openings roots. A batch is gateway, epoch, records, readings and more."""
    open_files = {}
    for i in concentrated(entries):
        path = f"batches/{i // 256}"
        if path not in open_files:
            data = files.read(path)
            want(data is not None, f"{path}: missing")
            open_files[path] = Reader(data, path)
        r, name = open_files[path], f"{path}: entry {i}"
        want(len(entries[i]) == 34 + 80, f"{name}: is not in its canonical form")
        _, count, readings, _ = read_concentrated_body(entries[i][34:], name)
        want(1 <= count <= 4096, f"{name}: holds no batch or too many")
        batches = [r.raw(r.uint(2)) for _ in range(count)]
        leaves = [leaf_hash(sha256(bytes(32), batch)) for batch in batches]
        want(Tree(leaves).root() == entries[i][2:34], f"{name}: its batches are others")
        want(all(len(b) == 34 + 168 and b[:2] == b"\1\2" for b in batches)
             and all(int.from_bytes(b[34 + at:42 + at], "big", signed=True) >= -1
                     for b in batches for at in (24, 32)),
             f"{name}: a batch is not in its canonical form")
        want(all(a[34:42] < b[34:42] for a, b in zip(batches, batches[1:])),
             f"{name}: batches are not by gateway and epoch")
        want(sum(int.from_bytes(b[46:50], "big") for b in batches) == readings,
             f"{name}: names another number of readings")
    for r in open_files.values():
        r.done()


def check_listing(files, entries, blocks):
    size = len(entries)
    known = {"genesis", "policy", "checkpoint"}
    known |= {f"batches/{i // 256}" for i in concentrated(entries)}
    known |= {f"blocks/{k}" for k in range((len(blocks) + 255) // 256)}
    known |= {path for path, _, _ in tiles("entries", size)}
    for level in range(5):
        known |= {path for path, _, _ in tiles(level, size >> 8 * level)}
    for path in files.paths:
        want(path in known, f"{path}: a file that no list names")


# ---- R2 and R3

KINDS = (*range(1, 9), *range(10, 15), *range(16, 29))
DUE, PROPOSED = (5, 12), 22
SWAP, REGISTRATION, CONCENTRATED, BATCH = 16, 1, 19, 2
BEHIND = {SWAP: REGISTRATION, CONCENTRATED: BATCH}  # what stands in a block right behind what


def check_entry(entry, name):
    """(kind, body) of an entry."""
    want(len(entry) >= 34 and entry[0] == 1 and entry[1] in KINDS,
         f"{name}: is not in its canonical form")
    return entry[1], entry[34:]


def check_consistency(blocks, entries, tree):
    for block in blocks:
        first, end = block.log_size, block.log_size + block.entries
        leaves = tree.levels[0][first:end]
        want(block.log_root == tree.root(first), f"{block.name} commits to another log before it")
        want(block.entries_root == Tree(leaves).root(), f"{block.name} commits to other entries")
        last = None
        for i in range(first, end):
            kind, body = check_entry(entries[i], f"entry {i}")
            if kind in DUE and last is None or kind == PROPOSED and i == first:
                continue
            place = (BEHIND.get(kind, kind), kind, body, tree.levels[0][i])
            want(kind not in (*DUE, PROPOSED) and (last is None or last < place),
                 f"entry {i}: is not in its block's canonical order")
            last = place


def check_certificates(trust, blocks):
    previous, time = bytes(32), -1
    count = len(trust.validators).to_bytes(4, "big")
    validators = sha256(b"aipchain validators 1", count, *trust.validators)
    for block in blocks:
        want(block.previous == previous and block.time > time,
             f"{block.name} does not follow the block before it")
        want(block.validators == validators, f"{block.name} names other validators than genesis")
        want(block.evidence == sha256(), f"{block.name} names evidence, of which there is none")
        want(block.kind == 5 and block.about == block.height and block.value == block.id,
             f"{block.name}: its certificate is about another block")
        want(len(block.votes) >= trust.quorum, f"{block.name}: its certificate has no quorum")
        statement = (b"\1\3" + block.height.to_bytes(8, "big") + block.round.to_bytes(4, "big")
                     + b"\1" + block.id)
        for validator, signature in block.votes:
            want(validator < len(trust.validators), f"{block.name}: a stranger's vote")
            said = (b"aipchain/consensus/1" + trust.chain_id + statement
                    + validator.to_bytes(4, "big"))
            want(signed_by(trust.validators[validator], said, signature),
                 f"{block.name}: a vote does not hold")
        previous, time = block.id, block.time


def audit(files, trusted=None):
    """[(id, True, False or None, detail)] for R1 to R3."""
    try:
        trust = Trust(text_file(files, "genesis"), text_file(files, "policy"), trusted)
        size, root, _ = check_checkpoint(text_file(files, "checkpoint"), trust)
        entries = read_entries(files, size)
        tree = Tree([leaf_hash(entry) for entry in entries])
        check_tiles(files, tree, size)
        want(tree.root() == root, "tile/entries: entries do not hash to the checkpoint's root")
        check_batches(files, entries)
    except Wrong as wrong:
        rests = "not checkable because R1 fails"
        return [("R1", False, str(wrong)), ("R2", None, rests), ("R3", None, rests)]
    source = "the directory itself" if trusted is None else "the file given"
    out = [("R1", True, f"{size} entries; trust root from {source}")]
    try:
        blocks = read_blocks(files, size)
    except Wrong as wrong:
        return out + [("R2", False, str(wrong)), ("R3", None, "not checkable: the blocks")]
    checks = (("R1", lambda: check_listing(files, entries, blocks)),
              ("R2", lambda: check_consistency(blocks, entries, tree)),
              ("R3", lambda: check_certificates(trust, blocks)))
    details = {"R1": out.pop()[2], "R2": f"{len(blocks)} heads are prefixes of the log",
               "R3": f"{len(blocks)} certificates of {len(trust.validators)} validators"}
    for name, check in checks:
        try:
            check()
            out.append((name, True, details[name]))
        except Wrong as wrong:
            out.append((name, False, str(wrong)))
    return out
