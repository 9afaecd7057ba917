"""The encodings that a receipt shows: bodies of entries and what they open, from
docs/formats/transactions.md."""
from encoding import Reader, want
from public_log import CONCENTRATED, read_concentrated_body

REGISTRATION, BATCH, MARKS, ORDER, SETTLEMENT, ERASURE, RULING = 1, 2, 3, 4, 5, 8, 10
STATEMENTS, KEY_CHANGE, SWAP, GATEWAY, CERTIFICATE, CONTRACT, GRID_MEASURE, TARIFF_CHANGE = (
    12, 13, 16, 20, 21, 25, 27, 14)
OF_METER, OF_ACCOUNT, OF_GATEWAY = range(3)
U32 = 2**32 - 1

(METERED, UNMARKED, QUARANTINED, FELL, ABOVE_POWER, RECOVERING, SPANNING, UNPAPERED,
 UNCERTIFIED, UNATTESTED) = range(10)
RELEASE, REPLACEMENT, REJECTION = range(3)
(COMMUNITY_KEY, SELL_SURPLUS, BUY_BELOW, HOLD_TOKENS, SUB_METERS, FLEXIBILITY_OFFER,
 CURTAILMENT_DUTY, CONTROLLABLE_LOAD) = range(1, 9)
WITH_GRID_OPERATOR = {FLEXIBILITY_OFFER: "flexibility offer", CURTAILMENT_DUTY: "curtailment duty",
                      CONTROLLABLE_LOAD: "relief for controllable load"}
RUNGS = ("none", "time-of-use", "dynamic-grid-fee", "capacity-tariff", "dimming-14a", "envelopes",
         "flexibility", "curtailment")


class Fields:
    """Named values."""

    def __init__(self, **values):
        self.__dict__.update(values)


# ---- bodies

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
    elif kind == CONCENTRATED:
        concentrator, batches, _, signature = read_concentrated_body(body, name)
        out = Fields(concentrator=concentrator, openings=batches, signature=signature)
        r.raw(r.left())
    elif kind == KEY_CHANGE:
        of, gateway, slot, lost = r.uints(1, 4, 4, 1)
        out = Fields(of=of, gateway=gateway, slot=slot, lost=lost, openings=1, next_key=r.raw(32),
                     old_signature=r.raw(64), signature=r.raw(64))
        none = not any(out.next_key) and not any(out.old_signature)
        want(of <= OF_GATEWAY and lost <= 1
             and (not lost or not any(out.old_signature) if of == OF_GATEWAY else none),
             f"{name}: is not in its canonical form")
    elif kind == GATEWAY:
        action, gateway = r.uints(1, 4)
        key = r.raw(32)
        first, end = r.uints(4, 4)
        out = Fields(action=action, gateway=gateway, key=key, first=first, signature=r.raw(64))
        want(action <= 1 and (any(key) and first < end if action == 0 else
                              not any(key) and first == 0), f"{name}: is not in its canonical form")
    elif kind == CERTIFICATE:
        out = Fields(openings=r.uint(4), signature=r.raw(64))
    elif kind == ERASURE:
        out = Fields(salt=r.raw(32), signature=r.raw(64))
    elif kind == ORDER:
        out = Fields(slot=r.uint(4), openings=1)
    elif kind == CONTRACT:
        out = Fields(slot=r.uint(4), openings=1, signature=r.raw(64) if r.left() else None)
    elif kind == TARIFF_CHANGE:
        slot, slots = r.uints(4, 2)
        want(1 <= slots <= 1000 and slot <= U32 - slots, f"{name}: is not in its canonical form")
        out = Fields(slot=slot, added=[int.from_bytes(r.raw(4), "big", signed=True)
                                       for _ in range(slots)], signature=r.raw(64))
    elif kind == GRID_MEASURE:
        out = read_grid_measure_body(r, name)
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


def read_grid_measure_body(r, name):
    """slot, paid_in, and of each measure its rung and minutes."""
    slot, paid_in, measures = r.uints(4, 4, 1)
    out = Fields(slot=slot, paid_in=paid_in, rungs=[], minutes=[])
    for _ in range(measures):
        rung, reason, minutes = r.uints(1, 1, 2)
        element = r.raw(r.uint(4))
        want(rung < 16 and reason < 3 and minutes > 0 and 1 <= len(element) <= 64
             and all(32 <= c < 127 for c in element), f"{name}: is not in its canonical form")
        out.rungs.append(RUNGS[rung] if rung < len(RUNGS) else f"rung {rung}")
        out.minutes.append(minutes)
    out.openings, out.signature = r.uint(4), r.raw(64)
    want(slot <= paid_in and 1 <= measures <= 64, f"{name}: is not in its canonical form")
    return out


# ---- openings

def open_owner(data, name, version=1):
    r = Reader(data, name)
    r.raw(16)
    want(r.uint(1) == version, f"{name}: unknown version")
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
                  power=power, registers=(imported, exported), modulus=modulus, first=first,
                  deposit=deposit)


def read_swap(data):
    r, meter = open_owner(data, "swaps")
    slot, *registers = r.uints(4, 5, 5, 5, 5)
    out = Fields(meter=meter, slot=slot, closing=registers[:2], opening=registers[2:],
                 meter_key=r.raw(32), signature=r.raw(64), said=data[:-64])
    r.done()
    want(all(v % 1000 == 0 for v in registers), "swaps: is not in its canonical form")
    return out


def read_key_change(data):
    r, meter = open_owner(data, "keys")
    of, slot = r.uints(1, 4)
    out = Fields(meter=meter, of=of, slot=slot, key=r.raw(32), old_signature=r.raw(64))
    r.done()
    want(of <= OF_ACCOUNT, "keys: is not in its canonical form")
    return out


def read_certificate(data):
    r, meter = open_owner(data, "certificates")
    key, _ = r.raw(32), r.raw(32)
    first, end = r.uints(4, 4)
    r.done()
    want(first < end, "certificates: is not in its canonical form")
    return Fields(meter=meter, key=key, first=first, end=end)


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
    r = Reader(data, "order")
    r.raw(16)
    version, meter = r.uints(1, 4)
    slot, side, energy, limit = r.uint(4), r.uint(1), r.i64(), r.i64()
    out = Fields(meter=meter, slot=slot, side=side, energy=energy, limit=limit, id=r.raw(16),
                 partner=None, green=0)
    if version == 2:
        partner, green = r.raw(16), r.uint(1)
        out.partner, out.green = partner if any(partner) else None, green
        want(green <= 1 and (out.partner or green), "orders: is not in its canonical form")
    out.signature, out.said = r.raw(64), data[:-64]
    r.done()
    want(side <= 1 and version in (1, 2), "orders: is not in its canonical form")
    return out


def read_tenants(r):
    out = [(r.raw(16), r.uint(4)) for _ in range(r.uint(2))]
    want(all(weight > 0 for _, weight in out) and len(out) <= 256
         and all(a[0] < b[0] for a, b in zip(out, out[1:])), "contracts: tenants are malformed")
    return out


def read_contract(data):
    r, meter = open_owner(data, "contracts")
    first, end, number, template, side, share = r.uints(4, 4, 4, 1, 1, 2)
    energy, price, ident = r.i64(), r.i64(), r.raw(16)
    tenants = read_tenants(r)
    out = Fields(meter=meter, first=first, end=end, template=template, side=side, share=share,
                 energy=energy, price=price, id=ident, signature=r.raw(64), said=data[:-64])
    r.done()
    key, none = template == COMMUNITY_KEY, template in (HOLD_TOKENS, SUB_METERS)
    says = any((side, share, energy, price, *ident)) or tenants
    want(1 <= template <= CONTROLLABLE_LOAD and side <= 1 and number > 0 and first <= end
         and (first < end or not says)
         and (first == end or ((1 <= share <= 1000) if key else share == side == 0)
              and (energy == price == 0 if none
                   else 1 <= energy <= 10_000_000 and 0 <= price <= 100_000_000)
              and bool(tenants) == (template == SUB_METERS)),
         "contracts: is not in its canonical form")
    return out


def read_home_measure(data):
    r, meter = open_owner(data, "measures", 2)
    slot, paid_in, measure, minutes, _, _ = r.uints(4, 4, 1, 2, 4, 4)
    owed = r.i64()
    r.done()
    want(minutes > 0 and slot <= paid_in and 0 <= owed <= 10**9,
         "measures: is not in its canonical form")
    return Fields(meter=meter, slot=slot, paid_in=paid_in, measure=measure, minutes=minutes,
                  owed=owed)


ENERGIES = ("imported", "exported", "contracted_buy", "contracted_sell", "bought", "sold")
AMOUNTS = ("trade_paid", "trade_earned", "local_grid_fee", "trade_levies", "retail_energy",
           "grid_fee", "levies", "feed_in", "total")


BOUGHT_WITH_FEE = 2  # as a deal's side


def read_deals(r, s, may_be_none):
    """Of a statement of version 2 or 3, whose sums they are where there are any."""
    out = []
    for _ in range(r.uint(2)):
        side, partner = r.uint(1), r.raw(16)
        contracted, delivered, price, amount = (r.i64() for _ in range(4))
        fee, fee_amount = (r.i64(), r.i64()) if side == BOUGHT_WITH_FEE else (0, 0)
        want((side == BOUGHT_WITH_FEE) == ((fee, fee_amount) != (0, 0)) and 0 <= fee <= 100_000_000
             and 0 <= fee_amount <= 2**62, "statement: a deal's fee")
        side = 0 if side == BOUGHT_WITH_FEE else side
        want(side <= 1 and 0 < contracted <= 2**44 and 0 <= delivered <= min(contracted, 2**40)
             and 0 <= price <= 100_000_000 and 0 <= amount <= 2**62, "statement: a deal")
        out.append(Fields(side=side, partner=partner, contracted=contracted, delivered=delivered,
                          price=price, amount=amount, fee=fee, fee_amount=fee_amount))
    if may_be_none and not out:
        return out
    want(1 <= len(out) and all(a.side <= b.side for a, b in zip(out, out[1:])),
         "statement: deals are malformed")
    for side, names in enumerate((("contracted_buy", "bought", "trade_paid"),
                                  ("contracted_sell", "sold", "trade_earned"))):
        mine = [d for d in out if d.side == side]
        rest = [i for i, d in enumerate(mine) if not any(d.partner)]
        want(rest in ([], [512]) and len(mine) <= 512 + len(rest)
             and all(mine[i].price == mine[i].fee == 0 for i in rest),
             "statement: deals are malformed")
        sums = [sum(d.__dict__[of] for d in mine) for of in ("contracted", "delivered", "amount")]
        want(sums == [s.__dict__[name] for name in names]
             and sums[2] + sum(d.fee_amount for d in mine) <= 2**62,
             "statement: is not the sum of its deals")
    return out


def read_statement(data):
    r = Reader(data, "statement")
    r.raw(16)
    version = r.uint(1)
    want(version in (1, 2, 3), "statement: unknown version")
    meter, slot, since, standing = r.uints(4, 4, 4, 1)
    s = Fields(meter=meter, slot=slot, since=since, standing=standing)
    for field in (*ENERGIES, *AMOUNTS, "minted", "retired", "balance"):
        s.__dict__[field] = r.i64()
    s.peak_before = s.peak = None
    s.capacity = 0
    if version == 3:
        s.peak_before, s.peak, s.capacity = r.i64(), r.i64(), r.i64()
    s.deals = read_deals(r, s, version == 3) if version >= 2 else []
    r.done()
    if version == 3:
        peak = max(s.peak_before, s.imported) if standing == METERED else s.peak_before
        want(0 <= s.peak_before and s.peak == peak <= 2**32 and 0 <= s.capacity <= 2**62
             and (s.peak > s.peak_before or s.capacity == 0),
             "statement: the highest import does not follow from the slot's")
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
