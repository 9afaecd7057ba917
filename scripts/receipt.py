"""A household's receipt, from docs/formats/receipt.md, transactions.md and docs/market.md."""
import re

from public_log import (Reader, Tree, Trust, Wrong, canonical_json, check_checkpoint,
                        check_entry, included, is_int, leaf_hash, sha256, signed_by, unbase64,
                        unhex, want)

KEYS = {"account", "batches", "before", "bill", "book", "format", "genesis", "mark", "meter",
        "orders", "policy", "registration", "rulings", "settlement", "slot", "statement", "swaps"}
U32 = 2**32 - 1
REGISTRATION, BATCH, MARKS, ORDER, SETTLEMENT, ERASURE, RULING = 1, 2, 3, 4, 5, 8, 10
STATEMENTS, SWAP = 12, 16

FORGED, GAP, STALE, BACKWARDS, ABSENT = 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 11
QUARANTINING = sum(1 << bit for bit in (0, 1, 5, 6, 7, 9, 10, 13))

(METERED, UNMARKED, QUARANTINED, FELL, ABOVE_POWER, RECOVERING, SPANNING, UNPAPERED,
 UNATTESTED) = range(9)
RELEASE, REPLACEMENT, REJECTION = range(3)
CARRYING, MINTING = (METERED, RECOVERING, SPANNING), (METERED, SPANNING)


class Fields:
    """Named values of one encoding."""

    def __init__(self, **values):
        self.__dict__.update(values)


# ---- bodies and openings

def read_body(kind, body, name):
    r = Reader(body, name)
    if kind == REGISTRATION:
        gateway, meters = r.uints(4, 4)
        out = Fields(gateway=gateway, openings=2 * meters, signature=r.raw(64))
    elif kind == SWAP:
        gateway, count = r.uints(4, 4)
        out = Fields(gateway=gateway, openings=count, signature=r.raw(64))
    elif kind == RULING:
        slot, count = r.uints(4, 4)
        out = Fields(slot=slot, openings=count, signature=r.raw(64))
    elif kind == MARKS:
        gateway, slot, count = r.uints(4, 4, 4)
        out = Fields(gateway=gateway, slot=slot, openings=count, signature=r.raw(64))
    elif kind == BATCH:
        gateway, epoch, records = r.uints(4, 4, 4)
        r.raw(12)
        want(r.i64() >= -1 and r.i64() >= -1, f"{name}: a sum is below -1")
        r.raw(64)
        out = Fields(gateway=gateway, epoch=epoch, openings=records, signature=r.raw(64))
    elif kind == ERASURE:
        out = Fields(salt=r.raw(32), signature=r.raw(64))
    elif kind == ORDER:
        out = Fields(slot=r.uint(4), openings=1)
    elif kind == STATEMENTS:
        slot, gateway, count = r.uints(4, 4, 4)
        out = Fields(slot=slot, gateway=gateway, openings=count)
    else:
        slot, priced, price, volume = r.uint(4), r.uint(1), r.i64(), r.i64()
        want(r.i64() >= -1 and r.i64() >= -1 and priced <= 1 and (priced or price == 0),
             f"{name}: is not in its canonical form")
        r.uint(4)
        orders = r.uint(4)
        r.uint(4)
        out = Fields(slot=slot, price=price if priced else None, volume=volume, orders=orders,
                     book_root=r.raw(32))
        r.raw(64)
    r.done()
    return out


def open_owner(data, name):
    r = Reader(data, name)
    r.raw(16)
    want(r.uint(1) == 1, f"{name}: unknown version")
    return r, r.uint(4)


def read_registration(data):
    r, meter = open_owner(data, "registration")
    gateway, _, kind = r.uints(4, 4, 1)
    meter_key, account_key = r.raw(32), r.raw(32)
    power, imported, exported = r.uints(4, 5, 5)
    modulus, generation, storage = r.uints(5, 4, 4)
    deposit, first, end = r.i64(), *r.uints(4, 4)
    r.done()
    want(kind <= 1 and max(power, generation, storage) <= 100_000_000 and deposit >= 0
         and first < end and modulus % 1000 == 0
         and (modulus == 0 or max(imported, exported) < modulus),
         "registration: is not in its canonical form")
    return Fields(meter=meter, gateway=gateway, meter_key=meter_key, account_key=account_key,
                  power=power, registers=(imported, exported), modulus=modulus)


def read_swap(data):
    r, meter = open_owner(data, "swaps")
    slot, *registers = r.uints(4, 5, 5, 5, 5)
    out = Fields(meter=meter, slot=slot, closing=registers[:2], opening=registers[2:],
                 meter_key=r.raw(32), signature=r.raw(64), said=data[:-64])
    r.done()
    want(all(v % 1000 == 0 for v in registers), "swaps: is not in its canonical form")
    return out


def read_ruling(data):
    r, meter = open_owner(data, "rulings")
    slot, settled, outcome = r.uints(4, 4, 1)
    was, now = [[r.i64(), r.i64()] for _ in range(2)]
    r.done()
    want(outcome <= REJECTION and all(0 <= e <= 2**40 for e in was + now)
         and (outcome == REPLACEMENT or not any(now)), "rulings: is not in its canonical form")
    return Fields(meter=meter, slot=slot, settled=settled, outcome=outcome, was=was, now=now)


def read_mark(data, name):
    r, meter = open_owner(data, name)
    slot, imported, exported, quarantined = r.uints(4, 5, 5, 1)
    swapped, *kept = r.uints(1, 5, 5)
    r.done()
    want(quarantined <= 1 and swapped <= 1 and not any(kept), f"{name}: is not in its canonical form")
    return Fields(meter=meter, slot=slot, registers=(imported, exported), quarantined=quarantined)


def read_order(data):
    r, meter = open_owner(data, "order")
    slot, side, energy, limit = r.uint(4), r.uint(1), r.i64(), r.i64()
    out = Fields(meter=meter, slot=slot, side=side, energy=energy, limit=limit, id=r.raw(16),
                 signature=r.raw(64), said=data[:-64])
    r.done()
    want(side <= 1, "orders: is not in its canonical form")
    return out


ENERGIES = ("imported", "exported", "contracted_buy", "contracted_sell", "bought", "sold")
AMOUNTS = ("trade_paid", "trade_earned", "local_grid_fee", "trade_levies", "retail_energy",
           "grid_fee", "levies", "feed_in", "total")


def read_statement(data):
    r, meter = open_owner(data, "statement")
    slot, since, standing = r.uints(4, 4, 1)
    s = Fields(meter=meter, slot=slot, since=since, standing=standing)
    for field in (*ENERGIES, *AMOUNTS, "minted", "retired", "balance"):
        s.__dict__[field] = r.i64()
    r.done()
    want(standing <= UNATTESTED and since <= slot, "statement: is not in its canonical form")
    for field in (*ENERGIES, "minted", "retired"):
        most = 2**44 if field.startswith("contracted") else 2**40
        want(0 <= s.__dict__[field] <= most, f"statement: {field} is beyond all measure")
    for field in (*AMOUNTS, "balance"):
        want(abs(s.__dict__[field]) <= 2**62, f"statement: {field} is beyond all measure")
    return s


def read_record(data, name):
    r, meter = open_owner(data, name)
    epoch, first, count, root = r.uint(4), r.uint(4), r.uint(2), r.raw(32)
    end_ms, imported, exported, verdict = r.uints(5, 5, 5, 2)
    out = Fields(meter=meter, epoch=epoch, first=first, count=count, root=root, verdict=verdict,
                 end=(end_ms, imported, exported), signature=r.raw(64))
    r.done()
    return out


# ---- clearing and money

def read_row(row):
    data = unhex(row)
    want(data is not None, "book: a row is not hexadecimal")
    r = Reader(data, "book")
    side, energy, limit = r.uint(1), r.i64(), r.i64()
    order = Fields(side=side, energy=energy, limit=limit, id=r.raw(16), row=data)
    r.done()
    want(side <= 1 and 1 <= energy <= 10_000_000 and 0 <= limit <= 100_000_000,
         "book: a row is not in its canonical form")
    return order


def fill(merit, volume):
    """Gives the volume to the best limits first; one limit shares by largest remainder, then id."""
    fills = {}
    while merit and volume:
        group = [o for o in merit if o.limit == merit[0].limit]
        merit = merit[len(group):]
        energy = sum(o.energy for o in group)
        given = min(energy, volume)
        for o in group:
            fills[o.id] = o.energy * given // energy
        left = given - sum(fills[o.id] for o in group)
        for o in sorted(group, key=lambda o: (-(o.energy * given % energy), o.id))[:left]:
            fills[o.id] += 1
        volume -= given
    return fills


def served(merit, volume):
    """The limits of the last order that is served and of the first that is left out, in part being
    both."""
    passed = 0
    for i, order in enumerate(merit):
        passed += order.energy
        if passed > volume:
            return order.limit, order.limit
        if passed == volume:
            return order.limit, merit[i + 1].limit if i + 1 < len(merit) else None


def clear(mechanism, book):
    """(price or None, volume, {row id: Wh})."""
    buys = sorted((o for o in book if o.side == 0), key=lambda o: -o.limit)
    sells = sorted((o for o in book if o.side == 1), key=lambda o: o.limit)
    volume, i, j = 0, 0, 0
    wanted, offered = [o.energy for o in buys], [o.energy for o in sells]
    while i < len(buys) and j < len(sells) and buys[i].limit >= sells[j].limit:
        matched = min(wanted[i], offered[j])
        volume += matched
        wanted[i] -= matched
        offered[j] -= matched
        i += wanted[i] == 0
        j += offered[j] == 0
    if mechanism == "retailer" or volume == 0:
        return None, 0, {}
    last_buy, next_buy = served(buys, volume)
    last_sell, next_sell = served(sells, volume)
    low = last_sell if next_buy is None else max(last_sell, next_buy)
    high = last_buy if next_sell is None else min(last_buy, next_sell)
    return low + (high - low) // 2, volume, {**fill(buys, volume), **fill(sells, volume)}


def cost(energy, price):
    size = (abs(energy * price) + 500) // 1000
    return size if energy * price >= 0 else -size


# ---- the receipt

def deeper_than(value, levels):
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return levels < 0 or any(deeper_than(v, levels - 1) for v in inner)


def only_keys(value, keys, name):
    want(type(value) is dict and set(value) == set(keys), f"{name}: does not hold exactly its keys")


def items(value, name):
    want(type(value) is list, f"{name}: is not a list")
    return value


def parsed(data):
    want(len(data) <= 64 << 20, "larger than 64 MiB")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Wrong("is not UTF-8") from None
    j = canonical_json(text, "\n")
    want(type(j) is dict and not deeper_than(j, 8), "is not in its canonical form")
    return j


class Receipt:
    def __init__(self, data, trusted):
        self.data, self.trusted = data, trusted
        self.checkpoint = None
        self.readings, self.epochs, self.verdict = [], [], 0

    def parse(self):
        j = parsed(self.data)
        want(set(j) == KEYS and j["format"] == "aipchain receipt 1",
             "does not hold exactly the keys of a receipt")
        self.account = unhex(j["account"], 16)
        want(self.account is not None and is_int(j["slot"], 0, U32), "account or slot is malformed")
        self.j, self.slot = j, j["slot"]

    def check_trust(self):
        for key in ("genesis", "policy"):
            want(type(self.j[key]) is str, f"{key} is no text")
        self.trust = Trust(self.j["genesis"], self.j["policy"], self.trusted)
        self.genesis = self.trust.genesis

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

    def opened(self, j, kind, name):
        """Such an entry with one opening of the account."""
        keys = ("entry", "opening", "proof") + (("readings",) if kind == BATCH else ())
        only_keys(j, keys, name)
        e, o = self.entry(j, kind, name), j["opening"]
        only_keys(o, ("data", "of", "path", "position", "salt"), name)
        e.data, salt = unhex(o["data"]), unhex(o["salt"], 32)
        path = [unhex(h, 32) for h in items(o["path"], name)]
        want(e.data is not None and salt is not None and None not in path
             and is_int(o["of"], 0, U32) and is_int(o["position"], 0, U32),
             f"{name}: opening is malformed")
        want(o["of"] == e.body.openings, f"{name}: the entry states another number of openings")
        want(included(leaf_hash(sha256(salt, e.data)), o["position"], o["of"], path, e.root),
             f"{name}: opening is not under the entry's root")
        want(e.data[:16] == self.account, f"{name}: opening is another account's")
        return e

    def check_inclusion(self):
        j = self.j
        self.registration = self.opened(j["registration"], REGISTRATION, "registration")
        only_keys(j["settlement"], ("entry", "proof"), "settlement")
        self.settled = self.entry(j["settlement"], SETTLEMENT, "settlement").body
        self.billed = self.opened(j["statement"], STATEMENTS, "statement")
        self.marks = {name: self.opened(j[name], MARKS, name) if j[name] is not None else None
                      for name in ("mark", "before")}
        self.swapped = [self.opened(o, SWAP, "swaps") for o in items(j["swaps"], "swaps")]
        self.ruled = [self.opened(o, RULING, "rulings") for o in items(j["rulings"], "rulings")]
        self.orders = [self.opened(o, ORDER, "orders") for o in items(j["orders"], "orders")]
        want(all(a.index < b.index for a, b in zip(self.orders, self.orders[1:])),
             "orders are not in their order on the log")

    def check_openings(self):
        r = self.home = read_registration(self.registration.data)
        s = self.statement = read_statement(self.billed.data)
        billed = self.billed.body
        want(is_int(self.j["meter"], 0, U32) and r.meter == self.j["meter"], "meter is another")
        want(s.meter == r.meter and s.slot == billed.slot == self.settled.slot == self.slot
             and billed.gateway == r.gateway, "statement is of another meter or slot")
        self.mark, self.before = (self.marks[name] and read_mark(self.marks[name].data, name)
                                  for name in ("mark", "before"))
        want(not self.mark or (self.mark.slot, self.mark.meter) == (self.slot, r.meter),
             "mark is of another meter or slot")
        want(not self.before or (self.before.slot + 1 == s.since and self.before.slot < self.slot
                                 and self.before.meter == r.meter),
             "before is not the mark that the statement begins at")
        self.swaps = [read_swap(o.data) for o in self.swapped]
        want(all(w.meter == r.meter and w.slot <= self.slot for w in self.swaps)
             and all(a.slot < b.slot for a, b in zip(self.swaps, self.swaps[1:])),
             "swaps: papers of another meter or slot, or not in order")
        self.rulings = [read_ruling(o.data) for o in self.ruled]
        want(all(v.meter == r.meter and v.slot == o.body.slot == self.slot and v.settled < v.slot
                 for v, o in zip(self.rulings, self.ruled))
             and all(a.settled < b.settled for a, b in zip(self.rulings, self.rulings[1:])),
             "rulings: of another meter or slot, or not in order")
        self.bids = [read_order(o.data) for o in self.orders]
        want(all((o.slot, o.meter) == (self.slot, r.meter) for o in self.bids),
             "an order is of another meter or slot")

    def entry_signed(self, entry, key):
        said = b"aipchain entry 1" + self.trust.chain_id + entry.bytes[:-64]
        return signed_by(key, said, entry.body.signature)

    def by_gateway(self, entry):
        gateways = self.genesis["gateways"]
        gateway = self.home.gateway
        return (entry.body.gateway == gateway and gateway < len(gateways)
                and self.entry_signed(entry, bytes.fromhex(gateways[gateway])))

    def check_signatures(self):
        want(self.entry_signed(self.registration, bytes.fromhex(self.genesis["registrar"])),
             "registration is not signed by the registrar")
        for name, mark in self.marks.items():
            want(mark is None or self.by_gateway(mark), f"{name} is not signed by the gateway")
        for entry, swap in zip(self.swapped, self.swaps):
            said = b"aipchain swap 1" + self.trust.chain_id + swap.said
            want(self.entry_signed(entry, bytes.fromhex(self.genesis["registrar"]))
                 and signed_by(self.home.account_key, said, swap.signature),
                 "swaps: not signed by registrar and account")
        want(all(self.entry_signed(entry, bytes.fromhex(self.genesis["registrar"]))
                 for entry in self.ruled), "rulings: not signed by the registrar")
        for o in self.bids:
            said = b"aipchain order 1" + self.trust.chain_id + o.said
            want(signed_by(self.home.account_key, said, o.signature),
                 "an order is not signed by the account")

    def take_batch(self, j, name):
        e = self.opened(j, BATCH, name)
        want(self.by_gateway(e), f"{name}: is not signed by the gateway")
        m = read_record(e.data, name)
        want((m.meter, m.epoch) == (self.home.meter, e.body.epoch), f"{name}: another's record")
        want(not self.epochs or self.epochs[-1] < m.epoch, f"{name}: is not in order of epochs")
        self.epochs.append(m.epoch)
        self.verdict |= m.verdict
        leaves, readings = [], []
        for reading in items(j["readings"], name):
            single = "signature" in reading
            only_keys(reading, ("data", "salt") + ("signature",) * single, name)
            data, salt = unhex(reading["data"], 23), unhex(reading["salt"], 32)
            want(data is not None and salt is not None, f"{name}: a reading is malformed")
            leaves.append(leaf_hash(sha256(salt, data)))
            signature = unhex(reading["signature"], 64) if single else None
            want(not single or signature is not None, f"{name}: a reading's signature is malformed")
            r = Reader(data, name)
            readings.append(Fields(sequence=r.uint(4), end=tuple(r.uints(5, 5, 5)),
                                   leaf=leaves[-1], signature=signature))
        want(Tree(leaves).root() == m.root and len(leaves) == m.count,
             f"{name}: readings do not hash to the record's root")
        want((m.verdict & ABSENT != 0) == (not leaves), f"{name}: absence and readings disagree")
        if leaves:
            self.take_readings(m, readings, name)

    def swapped_in_slot(self):
        return bool(self.swaps) and self.swaps[-1].slot == self.slot

    def meter_keys(self):
        """The meter's, and in the slot of a swap that of the meter before."""
        keys = [self.home.meter_key] + [w.meter_key for w in self.swaps]
        return keys[-2:] if self.swapped_in_slot() else keys[-1:]

    def take_readings(self, m, readings, name):
        def said(first, count, root):
            return (b"aipchain meter 1" + self.trust.chain_id + m.meter.to_bytes(4, "big")
                    + first.to_bytes(4, "big") + count.to_bytes(2, "big") + root)

        each = [r for r in readings if r.signature is not None]
        want(len(each) in (0, len(readings)), f"{name}: only some readings are signed")
        if each:
            words = [(said(r.sequence, 1, r.leaf), r.signature) for r in each]
        else:
            words = [(said(m.first, m.count, m.root), m.signature)] * (m.signature != bytes(64))

        def gave(key):  # the key of zeros is nobody's, who gives no signature
            if key == bytes(32):
                return not words
            return bool(words) and all(signed_by(key, what, by) for what, by in words)

        forged = m.verdict & FORGED != 0
        want(any(gave(key) for key in self.meter_keys()) != forged,
             f"{name}: the meter's signature is not as the verdict says")
        if forged:
            return
        self.readings += readings
        want(m.verdict & STALE or (readings[0].sequence == m.first and readings[-1].end == m.end),
             f"{name}: record does not begin and end where its readings do")

    def check_readings(self):
        for number, batch in enumerate(items(self.j["batches"], "batches")):
            self.take_batch(batch, f"batches[{number}]")
        g = self.genesis
        first = self.slot * g["slot_ms"] // g["batch_ms"] + 1
        last = (self.slot + 1) * g["slot_ms"] // g["batch_ms"]
        want(all(first <= epoch <= last for epoch in self.epochs), "a batch is of another slot")
        want(not self.mark or len(self.epochs) == last - first + 1, "a batch of the slot is missing")
        pairs = list(zip(self.readings, self.readings[1:]))
        if self.swapped_in_slot():
            return
        if self.mark and not self.verdict & (FORGED | GAP | STALE | ABSENT):
            begin = self.slot * g["slot_ms"]  # what was kept over an outage may have begun before
            of_slot = [r for r in self.readings if begin < r.end[0] <= begin + g["slot_ms"]]
            want(len(of_slot) == g["slot_ms"] // g["metering_ms"]
                 and all(b.sequence == a.sequence + 1 for a, b in pairs),
                 "a reading is missing, and no verdict says so")
        if not self.verdict & (STALE | BACKWARDS):
            want(all(a.sequence < b.sequence and a.end[0] < b.end[0] for a, b in pairs),
                 "readings are not in their order")

    def counted(self, anchor):
        """The mark's registers as they count on from the anchor's, over swaps and rollovers; None
        for one that fell."""
        out = []
        for which, then in enumerate(anchor):
            now = self.mark.registers[which] + sum(
                w.closing[which] - w.opening[which] for w in self.swaps
                if w.slot >= self.statement.since)
            if now < then and 0 < self.home.modulus and then - now > self.home.modulus // 2:
                now += self.home.modulus
            out.append(now if now >= then else None)
        return out

    def standing(self, anchor):
        s = self.statement
        counted = self.counted(anchor)
        slots = self.slot - s.since + 1
        if s.standing == UNATTESTED:
            return UNATTESTED
        if self.mark.quarantined:
            return QUARANTINED
        if s.standing == UNPAPERED:
            return UNPAPERED
        if None in counted:
            return FELL
        rises = [now - then for now, then in zip(counted, anchor)]
        if max(rises) > slots * self.home.power * self.genesis["slot_ms"] // 3600:
            return ABOVE_POWER
        if s.standing == RECOVERING and s.since < self.slot:
            return RECOVERING
        return SPANNING if s.since < self.slot else METERED

    def check_meter(self):
        s, mark = self.statement, self.mark
        if not mark:
            want((s.standing, s.imported, s.exported) == (UNMARKED, 0, 0),
                 "the slot has no mark, and the statement has energy")
            return
        want(mark.quarantined == (self.verdict & QUARANTINING != 0)
             or (mark.quarantined and s.since < self.slot),
             "quarantine of the mark is not what the verdicts say")
        end_ms = (self.slot + 1) * self.genesis["slot_ms"]
        ends = [r.end[1:] for r in self.readings if r.end[0] == end_ms]
        want(ends and ends[-1] == mark.registers, "the slot's last reading is not the mark")
        anchor = self.before.registers if self.before else self.home.registers
        want(self.standing(anchor) == s.standing, "the mark is of another standing")
        rises = (0, 0)
        if s.standing in CARRYING:
            rises = tuple(now // 1000 - then // 1000
                          for now, then in zip(self.counted(anchor), anchor))
        want((s.imported, s.exported) == rises,
             "statement's energy is not the difference of the marks")

    def check_clearing(self):
        s, rows = self.statement, items(self.j["book"], "book")
        want(len(rows) == self.settled.orders and len(rows) <= 1_000_000,
             "book has another number of rows")
        book = [read_row(row) for row in rows]
        want(all(a.id < b.id for a, b in zip(book, book[1:])), "book is not in order of ids")
        want(Tree([leaf_hash(o.row) for o in book]).root() == self.settled.book_root,
             "book does not hash to the settlement's root")
        price, volume, fills = clear(self.genesis["mechanism"], book)
        want((price, volume) == (self.settled.price, self.settled.volume),
             "price and volume do not follow from the book")
        row_of, contracted = {o.id: o for o in book}, [0, 0]
        for own in self.bids:
            row_id = sha256(b"aipchain row 1", self.account, own.id)[:16]
            row = row_of.get(row_id)
            want(row and (row.side, row.energy, row.limit) == (own.side, own.energy, own.limit),
                 "an order of the account is not in the book")
            contracted[own.side] += fills.get(row_id, 0)
        want([s.contracted_buy, s.contracted_sell] == contracted,
             "contracted energy does not follow from the orders' fills")
        want(s.bought <= min(s.contracted_buy, s.imported)
             and s.sold <= min(s.contracted_sell, s.exported),
             "delivered energy is above what was contracted or metered")

    def check_tariff(self):
        s, g, price = self.statement, self.genesis["prices_micro_eur_per_kwh"], self.settled.price
        rest = s.imported - s.bought
        paid = {
            "trade_paid": cost(s.bought, price or 0),
            "local_grid_fee": cost(s.bought, g["local_grid_fee"]),
            "trade_levies": cost(s.bought, g["levies"]),
            "retail_energy": cost(rest, g["retail_buy"] - g["grid_fee"] - g["levies"]),
            "grid_fee": cost(rest, g["grid_fee"]),
            "levies": cost(rest, g["levies"]),
        }
        earned = {"trade_earned": cost(s.sold, price or 0),
                  "feed_in": cost(s.exported - s.sold, g["retail_sell"])}
        all_of = {**paid, **earned, "total": sum(paid.values()) - sum(earned.values()),
                  "minted": s.exported if s.standing in MINTING else 0, "retired": s.bought}
        for field, amount in all_of.items():
            want(s.__dict__[field] == amount, f"{field} does not follow from quantities and tariff")

    def corrected(self, ruling):
        """What the retailer's tariff makes of a replacement; nothing else moves money."""
        g = self.genesis["prices_micro_eur_per_kwh"]
        parts = (g["retail_buy"] - g["grid_fee"] - g["levies"], g["grid_fee"], g["levies"])

        def bill(imported, exported):
            return sum(cost(imported, part) for part in parts) - cost(exported, g["retail_sell"])
        return bill(*ruling.now) - bill(*ruling.was) if ruling.outcome == REPLACEMENT else 0

    def check_bill(self):
        s = self.statement
        lines = [("bought from neighbours", s.trade_paid), ("sold to neighbours", -s.trade_earned),
                 ("local grid fee", s.local_grid_fee), ("levies on neighbours' energy", s.trade_levies),
                 ("energy from the retailer", s.retail_energy), ("grid fee", s.grid_fee),
                 ("levies", s.levies), ("feed-in to the retailer", -s.feed_in), ("total", s.total)]
        lines += [(f"correction of slot {v.settled}", self.corrected(v)) for v in self.rulings]
        lines += [("balance after", s.balance)]
        found = items(self.j["bill"], "bill")
        for number, ((line, amount), row) in enumerate(zip(lines, found), 1):
            want(type(row) is dict and set(row) == {"line", "micro_eur"} and row["line"] == line
                 and type(row["micro_eur"]) is int and row["micro_eur"] == amount,
                 f"line {number} of the bill differs: \"{line}\"")
        want(len(found) == len(lines), "the bill has another number of lines")


class Erasure(Receipt):
    """What stands in a receipt's place once its account's data are erased."""

    def parse(self):
        want(len(self.data) <= 16 << 20, "larger than 16 MiB")
        j = parsed(self.data)
        want(set(j) == {"account", "erasure", "format", "genesis", "policy", "stages"}
             and j["format"] == "aipchain erasure 1", "does not hold exactly the keys of an erasure")
        only_keys(j["erasure"], ("entry", "proof"), "erasure")
        self.account = unhex(j["account"], 16)
        want(self.account is not None and unhex(j["erasure"]["entry"]) is not None
             and is_int(j["stages"], 0, 2**64 - 1)
             and all(type(v) is str for v in (j["genesis"], j["policy"], j["erasure"]["proof"])),
             "a value is malformed")
        self.j = j

    def check_inclusion(self):
        self.record = self.entry(self.j["erasure"], ERASURE, "erasure")

    def check_record(self):
        record, stages = self.record, self.j["stages"]
        signed = (b"aipchain entry 1" + self.trust.chain_id + record.bytes[:-64])
        want(signed_by(bytes.fromhex(self.genesis["registrar"]), signed, record.body.signature),
             "erasure is not signed by the registrar")
        want(1 <= stages <= 3, "erasure is of no stage")
        opening = self.account + bytes([1, stages])
        want(leaf_hash(sha256(record.body.salt, opening)) == record.root,
             "erasure is not of this account and these stages")
        return f"erased by record {record.index}"


ERASURE_STEPS = (("canonical form", Erasure.parse), ("trust root", Erasure.check_trust),
                 ("inclusion", Erasure.check_inclusion), ("erasure", Erasure.check_record))
STEPS = (("canonical form", Receipt.parse), ("trust root", Receipt.check_trust),
         ("inclusion", Receipt.check_inclusion), ("openings", Receipt.check_openings),
         ("signatures", Receipt.check_signatures), ("readings", Receipt.check_readings),
         ("metered energy", Receipt.check_meter), ("clearing", Receipt.check_clearing),
         ("tariff", Receipt.check_tariff), ("bill", Receipt.check_bill))


def verify(data, trusted=None):
    """[(name, True or False, detail)], up to the first check that does not hold."""
    erased = re.match(rb'\{"account":".{32}","erasure":\{', data, re.DOTALL) is not None
    receipt = (Erasure if erased else Receipt)(data, trusted)
    out = []
    for name, step in ERASURE_STEPS if erased else STEPS:
        try:
            out.append((name, True, step(receipt) or ""))
        except Wrong as wrong:
            return out + [(name, False, str(wrong))]
    return out
