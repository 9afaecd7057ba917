"""What a chain starts from, in the one form of docs/formats/log.md."""
import re

from encoding import canonical_json, is_int, unhex, want

HASHES = ("registrar", "metering_operator", "gateway_administrator", "certifier", "observer",
          "auditor_box", "rules", "input_hash")
PERIODS = ("slot_ms", "batch_ms", "block_ms", "metering_ms", "close_grace_ms")
MECHANISMS = ("retailer", "uniform", "pay-as-bid", "continuous", "bilateral", "mid-market",
              "supply-demand", "bill-sharing", "bill-sharing-static", "grid-aware", "fee-tree")
PRICES = ("grid_fee", "levies", "local_grid_fee", "retail_buy", "retail_sell")
KEY_NAME = re.compile(r"[!-*,-~]+")
EPOCH = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{3})?(Z|[+-](\d\d):(\d\d))",
                   re.ASCII)


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
