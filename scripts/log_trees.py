"""Signatures and Merkle trees, from docs/formats/log.md."""
import functools

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from encoding import sha256


# ---- Ed25519

P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P


def small_order(point):
    """Whether 32 bytes name a point of order 1, 2, 4 or 8, in any encoding: its y is 1, -1, 0 or
    one whose double is of order 4, (D y^4 + 2 y^2 - 1 = 0)."""
    y = (int.from_bytes(point, "little") & (2**255 - 1)) % P
    return y in (0, 1, P - 1) or (D * y**4 + 2 * y * y - 1) % P == 0


@functools.lru_cache(maxsize=1 << 16)
def signed_by(key, message, signature):
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if y >= P or small_order(key) or small_order(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


# ---- trees

def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


class Tree:
    """RFC 6962: levels[k][i] is the root over leaves i << k to (i + 1) << k, complete ones only."""

    def __init__(self, leaves):
        self.levels = [leaves]
        while len(self.levels[-1]) > 1:
            low = self.levels[-1]
            self.levels.append([node_hash(low[i], low[i + 1]) for i in range(0, len(low) - 1, 2)])

    def root(self, size=None):
        size = len(self.levels[0]) if size is None else size
        out = None if size else sha256()
        for k in range(size.bit_length()):
            if size >> k & 1:
                whole = self.levels[k][(size >> k) - 1]
                out = whole if out is None else node_hash(whole, out)
        return out


def included(leaf, index, size, path, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root
