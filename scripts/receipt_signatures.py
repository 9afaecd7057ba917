"""Who signed what a receipt shows: roles, account and gateway, each by the key that it had in the
slot; from docs/formats/receipt.md and transactions.md."""
from encoding import want
from log_trees import signed_by
from receipt_entries import entry_signed
from receipt_fields import (CERTIFICATE, CONTRACT, GATEWAY, GRID_MEASURE, KEY_CHANGE, OF_ACCOUNT,
                            OF_GATEWAY, OF_METER, REGISTRATION, RULING, SWAP,
                            TARIFF_CHANGE, WITH_GRID_OPERATOR, Fields)

ROLES = {REGISTRATION: "registrar", RULING: "registrar",
         SWAP: "metering_operator", CONTRACT: "metering_operator",
         GATEWAY: "gateway_administrator", CERTIFICATE: "certifier",
         GRID_MEASURE: "grid_operator", TARIFF_CHANGE: "grid_operator",
         (KEY_CHANGE, OF_METER): "metering_operator", (KEY_CHANGE, OF_ACCOUNT): "registrar",
         (KEY_CHANGE, OF_GATEWAY): "gateway_administrator"}


def by_role(entry, kind, trust):
    key = trust.genesis.get(ROLES[kind])
    return key is not None and entry_signed(entry, bytes.fromhex(key), trust)


def key_said(trust, of, whose, slot, key):
    return (b"aipchain key 1" + trust.chain_id + bytes([of]) + whose.to_bytes(4, "big")
            + slot.to_bytes(4, "big") + key)


def account_key(entries, o, slot, index):
    """The one that held in the slot by what stood on the log before this entry."""
    key = o.home.account_key
    for c, e in zip(o.key_changes, entries.key_changes):
        if c.of == OF_ACCOUNT and c.slot <= slot and e.index < index:
            key = c.key
    return key


def check_key_changes(entries, o, trust):
    old = o.home.meter_key
    before = {}
    for slot, key, _ in o.meter_line:
        before[slot], old = old, key
    for c, e in zip(o.key_changes, entries.key_changes):
        want(by_role(e, (KEY_CHANGE, c.of), trust), "keys: not signed by the role")
        key = before[c.slot] if c.of == OF_METER else account_key(entries, o, c.slot, e.index)
        said = key_said(trust, c.of, c.meter, c.slot, c.key)
        want(e.body.lost or signed_by(key, said, c.old_signature),
             "keys: not signed by the old key")


def check_roles(entries, o, trust):
    want(by_role(entries.registration, REGISTRATION, trust),
         "registration is not signed by the registrar")
    for e, swap in zip(entries.swaps, o.swaps):
        said = b"aipchain swap 1" + trust.chain_id + swap.said
        want(by_role(e, SWAP, trust)
             and signed_by(account_key(entries, o, swap.slot, e.index), said, swap.signature),
             "swaps: not signed by metering operator and account")
    want(all(by_role(e, RULING, trust) for e in entries.rulings),
         "rulings: not signed by the registrar")
    want(all(by_role(e, CERTIFICATE, trust) for e in entries.certificates),
         "certificates: not signed by the certifier")
    want(all(by_role(e, GRID_MEASURE, trust) for e in entries.measures),
         "measures: not signed by the grid operator")
    want(all(by_role(e, TARIFF_CHANGE, trust) for e in entries.fees),
         "fees: not signed by the grid operator")


def gateway_of(entries, own, trust):
    """The gateway's keys by slot: genesis' or its registration's, and what it changed to."""
    known = trust.genesis["gateways"]
    line = [(-1, bytes.fromhex(known[own]))] if own < len(known) else []
    for entry in entries:
        b = entry.body
        if hasattr(b, "action"):
            want(b.gateway == own and b.action == 0 and not line
                 and by_role(entry, GATEWAY, trust), "gateway: is not its registration")
            line.append((-1, b.key))
            continue
        want(b.of == OF_GATEWAY and b.gateway == own and line and line[-1][0] < b.slot
             and by_role(entry, (KEY_CHANGE, OF_GATEWAY), trust),
             "gateway: is not its key change")
        said = key_said(trust, OF_GATEWAY, own, b.slot, b.next_key)
        want(b.lost or signed_by(line[-1][1], said, b.old_signature),
             "gateway: key change is not signed by the old key")
        line.append((b.slot, b.next_key))
    return Fields(id=own, line=line)


def by_gateway(entry, gateway, slot, trust):
    keys = [key for first, key in gateway.line if first <= slot]
    return entry.body.gateway == gateway.id and keys and entry_signed(entry, keys[-1], trust)


def check_signatures(entries, o, slot, trust):
    """All but the batches' signatures; gives the gateway, which they are asked of."""
    check_key_changes(entries, o, trust)
    check_roles(entries, o, trust)
    gateway = gateway_of(entries.gateway, o.home.gateway, trust)
    for name, mark in entries.marks.items():
        want(mark is None or by_gateway(mark, gateway, mark.body.slot, trust),
             f"{name} is not signed by the gateway")
    for order, e in zip(o.orders, entries.orders):
        said = b"aipchain order 1" + trust.chain_id + order.said
        want(signed_by(account_key(entries, o, slot, e.index), said, order.signature),
             "an order is not signed by the account")
    for contract, e in zip(o.contracts, entries.contracts):
        said = b"aipchain contract 1" + trust.chain_id + contract.said
        want(signed_by(account_key(entries, o, contract.first, e.index), said, contract.signature),
             "contracts: not signed by the account")
        want(contract.template not in WITH_GRID_OPERATOR
             or e.body.signature and by_role(e, CONTRACT, trust),
             "contracts: not signed by the metering operator")
    return gateway
