"""The capacity tariff: what a home pays for its highest import of a calendar month; from
docs/market.md and docs/formats/transactions.md."""
from encoding import want
from genesis import EPOCH

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


# ---- calendar, of any year

def days_before(year, month, day):
    """Days from 1970-01-01, Gregorian."""
    years = year - (month <= 2)
    months = (month + 9) % 12  # since March
    return (365 * years + years // 4 - years // 100 + years // 400
            + (153 * months + 2) // 5 + day - 1 - 719_468)


def year_and_month(days):
    year = 1970 + days * 400 // 146_097 - 1
    while days_before(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while days_before(year, month, 1) > days:
        month -= 1
    return year, month


def last_sunday_ms(year, month):
    """01:00 UTC of the last Sunday of a month of 31 days."""
    last = days_before(year, month, 31)
    return (last - (last + 4) % 7) * DAY_MS + HOUR_MS  # 1970-01-01 was a Thursday


def epoch_ms(text):
    parts = EPOCH.fullmatch(text).groups()
    year, month, day, hour, minute, second = (int(part) for part in parts[:6])
    offset = 0 if parts[7] == "Z" else int(parts[8]) * 60 + int(parts[9])
    local = (days_before(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS
             + second * 1000 + int((parts[6] or ".0")[1:]))
    return local - offset * MINUTE_MS * (-1 if parts[7][0] == "-" else 1)


def month_of(genesis, slot):
    """12 x year + month - 1, by the zone's local time at the slot's begin."""
    unix_ms = epoch_ms(genesis["epoch"]) + slot * genesis["slot_ms"]
    offset = genesis["zone"]["offset_minutes"] * MINUTE_MS
    year, _ = year_and_month(unix_ms // DAY_MS)
    if genesis["zone"]["summer_time"] and last_sunday_ms(year, 3) <= unix_ms < last_sunday_ms(year, 10):
        offset += HOUR_MS
    year, month = year_and_month((unix_ms + offset) // DAY_MS)
    return 12 * year + month - 1


# ---- the line of a statement

def capacity_cost(peak, genesis):
    """Of a month, in micro-EUR: half a micro-EUR up."""
    slot_ms = genesis["slot_ms"]
    return (peak * 3600 * genesis["capacity_price"] + slot_ms // 2) // slot_ms


def power_text(peak, slot_ms):
    watts = (peak * HOUR_MS + slot_ms // 2) // slot_ms
    decimals = f"{watts % 1000:03}".rstrip("0") or "0"
    return f"{watts // 1000}.{decimals} kW"


def check_capacity(o, genesis):
    """That the month's highest import goes on from the slot before, and what its rise costs."""
    s, before = o.statement, o.statement_before
    want(all((t.peak is not None) == ("capacity_price" in genesis) for t in (s, before) if t),
         "a line of a capacity tariff stands there or is missing against genesis")
    if s.peak is None:
        return
    goes_on = before and month_of(genesis, s.slot - 1) == month_of(genesis, s.slot)
    want(s.peak_before == (before.peak if goes_on else 0),
         "the highest import before the slot is not the one that the slot before left")
    want(s.capacity == capacity_cost(s.peak, genesis) - capacity_cost(s.peak_before, genesis),
         "capacity does not follow from the highest import and tariff")


def capacity_lines(s, slot_ms):
    if s.peak is None:
        return []
    return [(f"highest import of the month {power_text(s.peak, slot_ms)}, before "
             f"{power_text(s.peak_before, slot_ms)}", s.capacity)]
