"""R1 to R3 of a public log, from docs/formats/log.md, consensus.md and transactions.md.

Files are a mapping from path to bytes, or anything with `paths` and `read(path)`. What is wrong is
raised as Wrong, which names the file.
"""
import base64
import re

from encoding import Reader, Wrong, sha256, unbase64, want
from genesis import check_genesis
from log_trees import Tree, leaf_hash, signed_by


class Files:
    """Files in memory: {path: bytes}."""

    def __init__(self, files):
        self.files, self.paths = files, sorted(files)

    def read(self, path):
        return self.files.get(path)


# ---- trust

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
