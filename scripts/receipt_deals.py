"""What a receipt's contracts and deals come to: the orders that contracts make, and the lines of a
statement whose mechanism makes pairs; from docs/market.md and docs/formats/transactions.md."""
from encoding import sha256, want
from receipt_fields import (BUY_BELOW, COMMUNITY_KEY, CONTROLLABLE_LOAD, FLEXIBILITY_OFFER,
                            HOLD_TOKENS, METERED, SELL_SURPLUS, WITH_GRID_OPERATOR, Fields)

BUY, SELL = range(2)
MAX_LINES = 512
REST = bytes(16)


def cost(energy, price):
    size = (abs(energy * price) + 500) // 1000
    return size if energy * price >= 0 else -size


def shares(weights, total):
    """Largest remainder, ties to the first."""
    everything = sum(weights)
    if everything == 0:
        return [0] * len(weights)
    out = [w * total // everything for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(weights[i] * total % everything), i))
    for i in order[:total - sum(out)]:
        out[i] += 1
    return out


def holds_tokens(contracts):
    return any(c.template == HOLD_TOKENS for c in contracts)


def payments(contracts, s):
    """(line, amount) of each contract with the grid operator; what the account gets is below 0."""
    for c in contracts:
        if c.template not in WITH_GRID_OPERATOR:
            continue
        amount = 0
        if c.template == CONTROLLABLE_LOAD:
            amount = -cost(c.energy, c.price)
        elif s.standing == METERED and c.template == FLEXIBILITY_OFFER:
            amount = -cost(max(c.energy - s.imported, 0), c.price)
        elif s.standing == METERED:
            amount = cost(max(s.exported - c.energy, 0), c.price)
        yield WITH_GRID_OPERATOR[c.template], amount


def contract_rows(contracts, s, account, own):
    """The orders that standing contracts make of what was metered, as rows of the book. `own`: the
    account's signed orders."""
    if s.standing != METERED:
        return []
    metered, rows = [s.imported, s.exported], []
    left = [max(0, metered[side] - sum(o.energy for o in own if o.side == side))
            for side in (BUY, SELL)]
    for c in contracts:
        if c.template not in (COMMUNITY_KEY, SELL_SURPLUS, BUY_BELOW):
            continue
        key = c.template == COMMUNITY_KEY
        side = c.side if key else BUY if c.template == BUY_BELOW else SELL
        wanted = metered[side] * c.share // 1000 if key else metered[side]
        energy = min(wanted, left[side], c.energy)
        if energy > 0:
            left[side] -= energy
            row = sha256(b"aipchain contract row 1", account, c.id, bytes([c.template]),
                         s.slot.to_bytes(4, "big"))
            rows.append(Fields(id=row[:16], side=side, energy=energy, limit=c.price,
                               partner=None, green=0))
    return rows


def expected_lines(s, side, own, trades):
    """(partner, contracted, the most that is delivered, price, fee) of one side, and its trades."""
    mine = sorted((t for t in trades if t[side] in own), key=lambda t: (t[BUY], t[SELL]))
    contracted, metered = ((s.contracted_buy, s.imported), (s.contracted_sell, s.exported))[side]
    able = min(contracted, metered) if s.standing == METERED else 0
    most = shares([t[2] for t in mine], able)
    lines = [[t[1 - side], t[2], most[i], t[3 + side], 0 if side else t[5]]
             for i, t in enumerate(mine)]
    rest = lines[MAX_LINES:]
    if rest:
        lines = lines[:MAX_LINES] + [[REST, sum(l[1] for l in rest), sum(l[2] for l in rest), 0, 0]]
    return lines, mine


def fits(energy, amount, prices):
    """Whether further deals can come to it, each rounded once."""
    return (cost(energy, min(prices)) - len(prices) <= amount
            <= cost(energy, max(prices)) + len(prices))


def check_deals(s, own, trades, by_the_way):
    """`own`: row ids of the account's orders; trades: (buyer's row, seller's row, energy, what the
    buyer pays, what the seller gets), the difference a fee of the trade's way, or congestion."""
    trades = [(*t[:3], t[4], t[4], t[3] - t[4]) if by_the_way else (*t, 0) for t in trades]
    for side in (BUY, SELL):
        lines, mine = expected_lines(s, side, own, trades)
        found = [d for d in s.deals if d.side == side]
        want(len(found) == len(lines), "the statement has another number of deals")
        for d, (partner, contracted, most, price, fee) in zip(found, lines):
            want((d.partner, d.contracted, d.price, d.fee) == (partner, contracted, price, fee),
                 "a deal does not follow from the book")
            want(d.delivered <= most, "a deal delivers more than the account's share of it")
            if d.partner != REST:
                want(d.amount == cost(d.delivered, d.price)
                     and d.fee_amount == cost(d.delivered, d.fee),
                     "a deal is not paid at its price")
            else:
                want(fits(d.delivered, d.amount, [t[3 + side] for t in mine])
                     and fits(d.delivered, d.fee_amount, [0 if side else t[5] for t in mine]),
                     "further deals cost what no price makes")
