"""What a receipt's entries open: each of the account's meter and of the receipt's slot, or before
it where that is what it is there for; from docs/formats/receipt.md."""
from encoding import is_int, want
from receipt_entries import U32
from receipt_fields import (OF_METER, Fields, read_certificate, read_contract, read_key_change,
                            read_home_measure, read_mark, read_order, read_registration,
                            read_ruling, read_statement, read_swap)


def read_openings(j, entries, slot, genesis):
    """home, statement, statement_before, mark and before (or None), swaps, rulings, orders, key_changes, meter_line,
    certificates, contracts and measures, lists beside the entries'; compensations;
    prices_in(slot)."""
    o = Fields(home=read_registration(entries.registration.data),
               statement=read_statement(entries.statement.data))
    r, s, billed = o.home, o.statement, entries.statement.body
    want(is_int(j["meter"], 0, U32) and r.meter == j["meter"], "meter is another")
    want(s.meter == r.meter and s.slot == billed.slot == entries.settlement.body.slot == slot
         and billed.gateway == r.gateway, "statement is of another meter or slot")
    o.statement_before = read_statement_before(entries.statement_before, r, slot)
    read_marks(o, entries.marks, slot)
    o.swaps = [read_swap(e.data) for e in entries.swaps]
    want(all(w.meter == r.meter and w.slot <= slot for w in o.swaps)
         and all(a.slot < b.slot for a, b in zip(o.swaps, o.swaps[1:])),
         "swaps: papers of another meter or slot, or not in order")
    o.rulings = [read_ruling(e.data) for e in entries.rulings]
    want(all(v.meter == r.meter and v.slot == e.body.slot == slot and v.settled < v.slot
             for v, e in zip(o.rulings, entries.rulings))
         and all(a.settled < b.settled for a, b in zip(o.rulings, o.rulings[1:])),
         "rulings: of another meter or slot, or not in order")
    o.orders = [read_order(e.data) for e in entries.orders]
    want(all((b.slot, b.meter) == (slot, r.meter) for b in o.orders),
         "an order is of another meter or slot")
    o.key_changes = read_key_changes(entries.key_changes, r, slot)
    o.meter_line = meter_line(o)
    o.certificates = [read_certificate(e.data) for e in entries.certificates]
    want(all(c.meter == r.meter for c in o.certificates), "certificates: of another meter")
    o.contracts = [read_contract(e.data) for e in entries.contracts]
    want(all(c.meter == r.meter and c.first == e.body.slot and c.first <= slot < c.end
             for c, e in zip(o.contracts, entries.contracts))
         and all(a.template < b.template for a, b in zip(o.contracts, o.contracts[1:])),
         "contracts: of another meter, not standing in the slot, or not in order")
    o.prices_in = read_fees(entries.fees, genesis["prices_micro_eur_per_kwh"])
    o.measures = [read_home_measure(e.data) for e in entries.measures]
    o.compensations = read_compensations(o.measures, entries.measures, r.meter, slot)
    return o


def read_compensations(measures, entries, meter, slot):
    """(line, amount) of each measure that is owed something and paid in the slot."""
    want(all(m.meter == meter and (m.slot, m.paid_in) == (e.body.slot, e.body.paid_in)
             and slot in (m.slot, m.paid_in)
             and m.measure < len(e.body.minutes) and m.minutes <= e.body.minutes[m.measure]
             for m, e in zip(measures, entries))
         and all((a.slot, a.measure) < (b.slot, b.measure)
                 for a, b in zip(measures, measures[1:])),
         "measures: on another meter, of another slot, not in their entry, or not in order")
    return [(f"compensation for {e.body.rungs[m.measure]} in slot {m.slot}", -m.owed)
            for m, e in zip(measures, entries) if m.paid_in == slot and m.owed > 0]


def read_statement_before(entry, home, slot):
    """Of the slot before; None where there is none."""
    if entry is None:
        return None
    want(slot > home.first, "statement_before: the account has none")
    out = read_statement(entry.data)
    want(out.meter == home.meter and out.slot == entry.body.slot == slot - 1,
         "statement_before: is of another meter or slot")
    return out


def read_fees(entries, prices):
    """The prices of a slot: genesis', with what was added to the grid fee."""
    added = {}
    for e in entries:
        for slot, more in enumerate(e.body.added, e.body.slot):
            want(slot not in added and prices["grid_fee"] + more >= 0
                 and prices["retail_buy"] + more <= 100_000_000,
                 "fees: a slot has two, or one out of bounds")
            added[slot] = more

    def prices_in(slot):
        more = added.get(slot, 0)
        return prices | {key: prices[key] + more for key in ("grid_fee", "retail_buy")}
    return prices_in


def read_marks(o, marks, slot):
    o.mark, o.before = (marks[name] and read_mark(marks[name].data, name)
                        for name in ("mark", "before"))
    want(not o.mark or (o.mark.slot, o.mark.meter) == (slot, o.home.meter),
         "mark is of another meter or slot")
    want(not o.before or (o.before.slot + 1 == o.statement.since and o.before.slot < slot
                          and o.before.meter == o.home.meter),
         "before is not the mark that the statement begins at")


def read_key_changes(entries, home, slot):
    out = [read_key_change(e.data) for e in entries]
    for c, e in zip(out, entries):
        want(c.meter == home.meter and c.slot == e.body.slot <= slot and c.of == e.body.of
             and e.body.gateway == home.gateway, "keys: of another meter or of a later slot")
        c.index = e.index
    order = [(c.slot, c.of) for c in out]
    want(all(a < b for a, b in zip(order, order[1:])), "keys: are not in order of slots")
    return out


def meter_line(o, index=None):
    """What keys the meter has had: slot, key, whether of a new device. With an index, by the
    changes that stand before it on the log."""
    line = [(w.slot, w.meter_key, True) for w in o.swaps]
    line += [(c.slot, c.key, False) for c in o.key_changes
             if c.of == OF_METER and (index is None or c.index < index)]
    want(len({slot for slot, *_ in line}) == len(line), "keys: two from one slot on")
    return [(-1, o.home.meter_key, True)] + sorted(line)
