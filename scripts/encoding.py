"""Encodings that all formats of docs/formats/ share: bytes, hexadecimal, base64, canonical JSON. What is
wrong is raised as Wrong, which names what was read."""
import base64
import binascii
import hashlib
import json
import re


class Wrong(Exception):
    """A check that does not hold, and why."""


def want(holds, otherwise):
    if not holds:
        raise Wrong(otherwise)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Reader:
    """Takes big-endian fields off the front; anything short, or left at the end, is refused."""

    def __init__(self, data, name):
        self.data, self.at, self.name = data, 0, name

    def raw(self, size):
        want(self.at + size <= len(self.data), f"{self.name}: is cut off")
        self.at += size
        return self.data[self.at - size:self.at]

    def uint(self, size):
        return int.from_bytes(self.raw(size), "big")

    def i64(self):
        return int.from_bytes(self.raw(8), "big", signed=True)

    def uints(self, *sizes):
        return [self.uint(size) for size in sizes]

    def sized(self):
        return self.raw(self.uint(4))

    def left(self):
        return len(self.data) - self.at

    def done(self):
        want(self.left() == 0, f"{self.name}: goes on behind its end")


def is_int(value, least, most):
    return type(value) is int and least <= value <= most


def unhex(text, size=None):
    """Lower-case hexadecimal of so many bytes, or None."""
    if type(text) is not str or not re.fullmatch(r"([0-9a-f]{2})*", text):
        return None
    return bytes.fromhex(text) if size is None or len(text) == 2 * size else None


def canonical_json(text, end=""):
    """The value of a JSON text in its one form, or None."""
    try:
        value = json.loads(text)
        form = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        form.encode()
    except (ValueError, RecursionError):
        return None
    return value if form + end == text else None


def unbase64(text):
    """Base64 in its one form, or None."""
    try:
        out = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return out if base64.b64encode(out).decode() == text else None
