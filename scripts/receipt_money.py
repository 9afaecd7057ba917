"""What a slot's market made of an account's orders, and the money of its statement; from
docs/market.md and docs/formats/receipt.md."""
from encoding import sha256, want
from log_trees import Tree, leaf_hash
from receipt_book import form_of, read_book
from receipt_capacity import capacity_lines
from receipt_deals import BUY, SELL, check_deals, contract_rows, cost, payments
from receipt_entries import items
from receipt_fields import METERED, REPLACEMENT, SPANNING, Fields
from receipt_mechanisms import clear

MINTING = (METERED, SPANNING)


def check_clearing(j, o, settled, account, genesis):
    s, rows = o.statement, items(j["book"], "book")
    want(len(rows) == settled.orders and len(rows) <= 1_000_000,
         "book has another number of rows")
    form = form_of(genesis["mechanism"])
    book = read_book(rows, form)
    want(Tree([leaf_hash(order.row) for order in book]).root() == settled.book_root,
         "book does not hash to the settlement's root")
    price, volume, fills, trades = clear(genesis["mechanism"], book, o.prices_in(s.slot))
    want((price, volume) == (settled.price, settled.volume),
         "price and volume do not follow from the book")
    row_of, contracted = {order.id: order for order in book}, [0, 0]
    rows = [Fields(id=sha256(b"aipchain row 1", account, own.id)[:16], side=own.side,
                   energy=own.energy, limit=own.limit, partner=own.partner, green=own.green)
            for own in o.orders]
    rows += contract_rows(o.contracts, s, account, o.orders)
    for own in rows:
        row = row_of.get(own.id)
        want(row and (row.side, row.energy, row.limit, row.green)
             == (own.side, own.energy, own.limit, own.green),
             "an order of the account is not in the book")
        contracted[own.side] += fills.get(own.id, 0)
    if form == "parties":
        check_parties(rows, row_of)
    want([s.contracted_buy, s.contracted_sell] == contracted,
         "contracted energy does not follow from the orders' fills")
    want(s.bought <= min(s.contracted_buy, s.imported)
         and s.sold <= min(s.contracted_sell, s.exported),
         "delivered energy is above what was contracted or metered")
    check_deals(s, {own.id for own in rows}, trades, genesis["mechanism"] == "fee-tree")


def check_parties(own, row_of):
    """The account's rows are those of one party; one partner is one party."""
    of_partner = {None: None}
    for order in own:
        row = row_of[order.id]
        want(row.party == row_of[own[0].id].party,
             "the account's orders are not one party of the book")
        want(of_partner.setdefault(order.partner, row.partner) == row.partner,
             "an order's partner is another one in the book")
    want(not own or sum(r.party == row_of[own[0].id].party for r in row_of.values()) == len(own),
         "the account's orders are not one party of the book")


# ---- money: prices in micro-EUR/kWh

def check_tariff(s, price, prices, holds):
    rest = s.imported - s.bought
    paid = {
        "trade_paid": sum(d.amount for d in s.deals if d.side == BUY) if s.deals
        else cost(s.bought, price or 0),
        "local_grid_fee": cost(s.bought, prices["local_grid_fee"])
        + sum(d.fee_amount for d in s.deals),
        "trade_levies": cost(s.bought, prices["levies"]),
        "retail_energy": cost(rest, retail_energy(prices)),
        "grid_fee": cost(rest, prices["grid_fee"]),
        "levies": cost(rest, prices["levies"]),
    }
    earned = {"trade_earned": sum(d.amount for d in s.deals if d.side == SELL) if s.deals
              else cost(s.sold, price or 0),
              "feed_in": cost(s.exported - s.sold, prices["retail_sell"])}
    all_of = {**paid, **earned, "total": sum(paid.values()) - sum(earned.values()) + s.capacity,
              "minted": s.exported if s.standing in MINTING else 0,
              "retired": 0 if holds else s.bought}
    for field, amount in all_of.items():
        want(s.__dict__[field] == amount, f"{field} does not follow from quantities and tariff")


def retail_energy(prices):
    return prices["retail_buy"] - prices["grid_fee"] - prices["levies"]


def corrected(ruling, prices):
    """What the retailer's tariff makes of a replacement; nothing else moves money."""
    parts = (retail_energy(prices), prices["grid_fee"], prices["levies"])

    def bill(imported, exported):
        return sum(cost(imported, part) for part in parts) - cost(exported, prices["retail_sell"])
    return bill(*ruling.now) - bill(*ruling.was) if ruling.outcome == REPLACEMENT else 0


def check_bill(j, o, slot_ms):
    s = o.statement
    lines = [("bought from neighbours", s.trade_paid), ("sold to neighbours", -s.trade_earned),
             ("local grid fee", s.local_grid_fee), ("levies on neighbours' energy", s.trade_levies),
             ("energy from the retailer", s.retail_energy), ("grid fee", s.grid_fee),
             ("levies", s.levies), ("feed-in to the retailer", -s.feed_in)]
    lines += capacity_lines(s, slot_ms) + [("total", s.total)]
    lines += [(f"correction of slot {v.settled}", corrected(v, o.prices_in(v.settled)))
              for v in o.rulings]
    lines += o.compensations
    lines += payments(o.contracts, s)
    before = o.statement_before.balance if o.statement_before else o.home.deposit
    due = sum(amount for _, amount in lines[lines.index(("total", s.total)):])
    want(before - due == s.balance,
         "the balance does not go on from the slot before by the lines of the bill")
    lines += [("balance after", s.balance)]
    found = items(j["bill"], "bill")
    for number, ((line, amount), row) in enumerate(zip(lines, found), 1):
        want(type(row) is dict and set(row) == {"line", "micro_eur"} and row["line"] == line
             and type(row["micro_eur"]) is int and row["micro_eur"] == amount,
             f"line {number} of the bill differs: \"{line}\"")
    want(len(found) == len(lines), "the bill has another number of lines")
