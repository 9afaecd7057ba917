"""The rows of a slot's book, by what the chain's mechanism needs; from docs/formats/receipt.md."""
from encoding import Reader, unhex, want
from receipt_deals import BUY
from receipt_fields import Fields

NO_PARTY = 2**32 - 1


def form_of(mechanism):
    forms = {"continuous": "arrivals", "bilateral": "parties", "bill-sharing-static": "parties",
             "grid-aware": "results", "fee-tree": "results"}
    return forms.get(mechanism, "plain")


def read_row(row, form):
    data = unhex(row)
    want(data is not None, "book: a row is not hexadecimal")
    r = Reader(data, "book")
    side, energy, limit = r.uint(1), r.i64(), r.i64()
    order = Fields(side=side, energy=energy, limit=limit, id=r.raw(16), row=data, party=None,
                   partner=None, green=0, fill=0, price=0)
    if form == "parties":
        order.party, partner, order.green = r.uints(4, 4, 1)
        order.partner = None if partner == NO_PARTY else partner
    elif form == "results":
        order.fill, order.price = r.i64(), r.i64()
    r.done()
    want(side <= 1 and order.green <= 1 and 1 <= energy <= 10_000_000
         and 0 <= limit <= 100_000_000, "book: a row is not in its canonical form")
    return order


def read_book(rows, form):
    book = [read_row(row, form) for row in rows]
    if form == "arrivals":
        want(len({o.id for o in book}) == len(book), "book holds an id twice")
    else:
        want(all(a.id < b.id for a, b in zip(book, book[1:])), "book is not in order of ids")
    if form == "parties":
        check_numbers(book)
    if form == "results":
        check_results(book)
    return book


def check_numbers(book):
    parties = 0
    for o in book:
        want(o.party <= parties, "book does not number its parties by their first rows")
        parties = max(parties, o.party + 1)
    want(all(o.partner is None or (o.partner < parties and o.partner != o.party) for o in book),
         "book names a partner that is none of its other parties")


def check_results(book):
    sums = [0, 0]
    for o in book:
        want(0 <= o.fill <= o.energy, "book fills an order beyond its energy")
        fair = o.price <= o.limit if o.side == BUY else o.price >= o.limit
        want(o.price == 0 if o.fill == 0 else o.price >= 0 and fair,
             "book has a price that is worse than a limit, or one of nothing")
        sums[o.side] += o.fill
    want(sums[0] == sums[1], "book sells another energy than it buys")
