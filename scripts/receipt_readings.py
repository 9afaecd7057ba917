"""A meter's readings of a slot, up from the single one, and the energy that follows from them;
from docs/formats/receipt.md."""
from encoding import Reader, sha256, unhex, want
from log_trees import Tree, leaf_hash, signed_by
from receipt_entries import items, only_keys
from receipt_fields import (ABOVE_POWER, BATCH, FELL, METERED, QUARANTINED, RECOVERING, SPANNING,
                            UNATTESTED, UNCERTIFIED, UNMARKED, UNPAPERED, Fields, read_record)
from receipt_openings import meter_line
from receipt_signatures import by_gateway

FORGED, GAP, STALE, BACKWARDS, ABSENT = 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 11
QUARANTINING = sum(1 << bit for bit in (0, 1, 5, 6, 7, 9, 10, 13))
CARRYING = (METERED, RECOVERING, SPANNING, UNCERTIFIED)


# ---- readings

def swapped_in(o, slot):
    return bool(o.swaps) and o.swaps[-1].slot == slot


def read_batch_record(e, name, o, gateway, trust):
    g = trust.genesis
    slot = max(e.body.epoch * g["batch_ms"] - 1, 0) // g["slot_ms"]
    want(by_gateway(e, gateway, slot, trust), f"{name}: is not signed by the gateway")
    m = read_record(e.data, name)
    want((m.meter, m.epoch) == (o.home.meter, e.body.epoch), f"{name}: another's record")
    return m


def read_each(shown, name):
    out = []
    for reading in items(shown, name):
        single = type(reading) is dict and "signature" in reading
        only_keys(reading, ("data", "salt") + ("signature",) * single, name)
        data, salt = unhex(reading["data"], 23), unhex(reading["salt"], 32)
        want(data is not None and salt is not None, f"{name}: a reading is malformed")
        signature = unhex(reading["signature"], 64) if single else None
        want(not single or signature is not None, f"{name}: a reading's signature is malformed")
        r = Reader(data, name)
        out.append(Fields(sequence=r.uint(4), end=tuple(r.uints(5, 5, 5)),
                          leaf=leaf_hash(sha256(salt, data)), signature=signature))
    return out


def check_record(m, readings, name):
    want(Tree([r.leaf for r in readings]).root() == m.root and len(readings) == m.count,
         f"{name}: readings do not hash to the record's root")
    want((m.verdict & ABSENT != 0) == (not readings), f"{name}: absence and readings disagree")


def meter_keys(o, slot, index):
    """Of a batch at this index: the newest key, the one before where it begins in the slot, and
    whether the gateway may not have known of it."""
    line = meter_line(o, index)
    first, newest, new_device = line[-1]
    before = line[-2][1] if first == slot else None
    return Fields(newest=newest, before=before, hears_late=first == slot or not new_device)


def signer(m, readings, keys, trust, name):
    """The key that gave the minute, of the two; None where neither did."""
    def said(first, count, root):
        return (b"aipchain meter 1" + trust.chain_id + m.meter.to_bytes(4, "big")
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

    return next((k for k in (keys.newest, keys.before) if k is not None and gave(k)), None)


def check_signature(m, by, keys, counts, name):
    """`counts`: the newest key of which a minute does, so far."""
    if m.verdict & FORGED == 0:
        want(by is not None, f"{name}: is not signed by the meter")
    elif by == keys.newest:
        want(keys.hears_late and counts != by, f"{name}: is signed, and said not to be")
    else:
        want(by is None or counts == keys.newest, f"{name}: is signed, and said not to be")


def counted_readings(m, readings, name):
    """The readings of a record: none of a forged one."""
    if m.verdict & FORGED:
        return []
    want(m.verdict & STALE or (readings[0].sequence == m.first and readings[-1].end == m.end),
         f"{name}: record does not begin and end where its readings do")
    return readings


def read_readings(j, reader, o, gateway, slot, trust):
    """readings that count, epochs of the batches, and the verdict of all records."""
    out = Fields(readings=[], epochs=[], verdict=0)
    counts = None
    for number, batch in enumerate(items(j["batches"], "batches")):
        name = f"batches[{number}]"
        e = reader.opened(batch, BATCH, name)
        m = read_batch_record(e, name, o, gateway, trust)
        want(not out.epochs or out.epochs[-1] < m.epoch, f"{name}: is not in order of epochs")
        out.epochs.append(m.epoch)
        out.verdict |= m.verdict
        readings = read_each(batch["readings"], name)
        check_record(m, readings, name)
        if readings:
            keys = meter_keys(o, slot, e.index)
            by = signer(m, readings, keys, trust, name)
            check_signature(m, by, keys, counts, name)
            if by == keys.newest and not m.verdict & FORGED:
                counts = by
            out.readings += counted_readings(m, readings, name)
    check_coverage(out, o, slot, trust.genesis)
    return out


def check_coverage(r, o, slot, g):
    first = slot * g["slot_ms"] // g["batch_ms"] + 1
    last = (slot + 1) * g["slot_ms"] // g["batch_ms"]
    want(all(first <= epoch <= last for epoch in r.epochs), "a batch is of another slot")
    want(not o.mark or len(r.epochs) == last - first + 1, "a batch of the slot is missing")
    pairs = list(zip(r.readings, r.readings[1:]))
    if swapped_in(o, slot):
        return
    if o.mark and not r.verdict & (FORGED | GAP | STALE | ABSENT):
        begin = slot * g["slot_ms"]  # what was kept over an outage may have begun before
        of_slot = [x for x in r.readings if begin < x.end[0] <= begin + g["slot_ms"]]
        want(len(of_slot) == g["slot_ms"] // g["metering_ms"]
             and all(b.sequence == a.sequence + 1 for a, b in pairs),
             "a reading is missing, and no verdict says so")
    if not r.verdict & (STALE | BACKWARDS):
        want(all(a.sequence < b.sequence and a.end[0] < b.end[0] for a, b in pairs),
             "readings are not in their order")


# ---- energy

def counted(o, anchor):
    """The mark's registers as they count on from the anchor's, over swaps and rollovers; None
    for one that fell."""
    out = []
    for which, then in enumerate(anchor):
        now = o.mark.registers[which] + sum(w.closing[which] - w.opening[which] for w in o.swaps
                                            if w.slot >= o.statement.since)
        if now < then and 0 < o.home.modulus and then - now > o.home.modulus // 2:
            now += o.home.modulus
        out.append(now if now >= then else None)
    return out


def is_certified(o, slot, g):
    """One certificate of the present device holds in all slots that the energy is of."""
    newest = max(i for i, (_, _, device) in enumerate(o.meter_line) if device)
    device = {key for _, key, _ in o.meter_line[newest:]}
    return not g["certificates"] or any(
        c.first <= o.statement.since and slot < c.end and c.key in device for c in o.certificates)


def judged(o, anchor, slot, g):
    s = o.statement
    registers = counted(o, anchor)
    slots = slot - s.since + 1
    if s.standing == UNATTESTED:
        return UNATTESTED
    if o.mark.quarantined:
        return QUARANTINED
    if s.standing == UNPAPERED:
        return UNPAPERED
    if None in registers:
        return FELL
    rises = [now - then for now, then in zip(registers, anchor)]
    if max(rises) > slots * o.home.power * g["slot_ms"] // 3600:
        return ABOVE_POWER
    if s.standing == RECOVERING and s.since < slot:
        return RECOVERING
    return SPANNING if s.since < slot else METERED


def standing(o, anchor, slot, g):
    of_mark = judged(o, anchor, slot, g)
    return of_mark if of_mark not in CARRYING or is_certified(o, slot, g) else UNCERTIFIED


def check_energy(o, r, slot, g):
    s, mark = o.statement, o.mark
    if not mark:
        want((s.standing, s.imported, s.exported) == (UNMARKED, 0, 0),
             "the slot has no mark, and the statement has energy")
        return
    want(mark.quarantined == (r.verdict & QUARANTINING != 0)
         or (mark.quarantined and s.since < slot),
         "quarantine of the mark is not what the verdicts say")
    end_ms = (slot + 1) * g["slot_ms"]
    ends = [x.end[1:] for x in r.readings if x.end[0] == end_ms]
    want(ends and ends[-1] == mark.registers, "the slot's last reading is not the mark")
    anchor = o.before.registers if o.before else o.home.registers
    want(standing(o, anchor, slot, g) == s.standing, "the mark is of another standing")
    rises = (0, 0)
    if s.standing in CARRYING:
        rises = tuple(now // 1000 - then // 1000 for now, then in zip(counted(o, anchor), anchor))
    want((s.imported, s.exported) == rises,
         "statement's energy is not the difference of the marks")
