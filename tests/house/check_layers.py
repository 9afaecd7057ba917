#!/usr/bin/env python3
"""The house's rules that a compiler does not check: which room may include which, and which words
would let the outside (clocks, threads, files, randomness) leak into the rooms that are pure.

Usage: check_layers.py ROOT [--self-test]
"""
import pathlib
import re
import sys

# A room may include itself and the rooms named here.
MAY_USE = {
    "ledger": set(),
    "market": {"ledger"},
    "ai": {"ledger", "market"},
    "twin": {"ledger", "market", "ai"},
    "twin/store": {"ledger", "market", "ai", "twin"},
    "sim": {"ledger", "market", "ai", "twin", "twin/store"},
    "hil": {"ledger", "market", "ai", "twin", "twin/store"},
    "viz": {"ledger", "market", "ai", "twin", "twin/store"},
    "app": {"ledger", "market", "ai", "twin", "twin/store", "sim", "hil", "viz"},
}

# Rooms within rooms, in their order: each may include those before it.
INNER = {
    "market": ("clearing", "entries", "metering", "settlement", "state", "audit", "receipt"),
    "twin/grid": ("model", "pgm", "dss", "matpower", "simbench", "flow", "estimation"),
    "twin/node": ("base", "home", "gateway", "validator", "oracle", "operator", "attack"),
    "hil": ("modbus", "station", "network"),
}

# Third-party headers by first path part or name, and the rooms that may link them.
THIRD_PARTY = {
    "sodium.h": {"ledger"},
    "openssl/": {"ledger", "hil"},
    "nlohmann/": {"ledger", "market", "twin", "twin/store", "viz", "app"},
    "Clp_": {"market"},
    "Eigen/": {"ai", "twin"},
    "boost/": {"market", "twin", "hil"},
    "toml++/": {"twin", "hil"},
    "sqlite3.h": {"twin/store"},
    "simgrid/": {"sim"},
    "modbus": {"hil"},
    "SFML/": {"viz"},
    "imgui": {"viz"},
    "CLI/": {"app"},
    "httplib.h": {"viz"},
}

PURE = {"ledger", "market", "ai", "twin"}
BANNED = [
    (r"\bsystem_clock\b|\bsteady_clock\b|\bhigh_resolution_clock\b|<chrono>|<ctime>|\bgettimeofday\b|\btime\(nullptr\)",
     "time is an argument: take a ledger::Instant"),
    (r"\brandom_device\b|\bs?rand\s*\(|<random>|\brandombytes", "draw from a forked ledger::Rng"),
    (r"<thread>|<mutex>|<atomic>|<condition_variable>|<future>|std::async",
     "parallelism belongs to the hosts"),
    (r"<iostream>|<fstream>|<filesystem>|\bfopen\b|std::cout|std::cerr|\bprintf\s*\(",
     "return a value or an Event; hosts read, write and print"),
    (r"\bsleep(_for|_until)?\s*\(|\busleep\b|\bnanosleep\b", "give a deadline to the host"),
    (r"\bgetenv\b", "take configuration as an argument"),
]
# The one place that ends the process on a broken invariant prints why.
EXCEPTIONS = {"ledger/base/invariant.hpp"}


def room_of(path):
    return "twin/store" if path.startswith("twin/store/") else path.split("/", 1)[0]


def inner_room(path):
    """Where a file lies: the room that has rooms within, and which of them; None of others."""
    for outer, rooms in INNER.items():
        inner = path.removeprefix(outer + "/").split("/")[0]
        if path.startswith(outer + "/") and inner in rooms:
            return outer, inner
    return None


def goes_back(path, target):
    """Whether an include goes from a room within to one behind it."""
    here, there = inner_room(path), inner_room(target)
    if not here or not there or here[0] != there[0]:
        return False
    return INNER[here[0]].index(there[1]) > INNER[here[0]].index(here[1])


def strip_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def check_file(path, text):
    """Findings of one file, as lines of text; `path` is relative to the root."""
    room, found = room_of(path), []
    for number, line in enumerate(strip_comments(text).splitlines(), 1):
        where = f"{path}:{number}"
        quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if quoted:
            target = room_of(quoted[1])
            if target not in MAY_USE:
                found.append(f'{where}: "{quoted[1]}" is not written from the root')
            elif target != room and target not in MAY_USE[room]:
                found.append(f"{where}: {room} may not use {target} ({quoted[1]}); "
                             f"it may use: {', '.join(sorted(MAY_USE[room])) or 'nothing'}")
            elif goes_back(path, quoted[1]):
                found.append(f"{where}: {quoted[1]} stands behind this room within {inner_room(path)[0]}; "
                             f"their order: {', '.join(INNER[inner_room(path)[0]])}")
        angled = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        if angled:
            for prefix, rooms in THIRD_PARTY.items():
                if angled[1].startswith(prefix) and room not in rooms:
                    found.append(f"{where}: <{angled[1]}> belongs to: {', '.join(sorted(rooms))}")
        if room in PURE and path not in EXCEPTIONS:
            for pattern, instead in BANNED:
                word = re.search(pattern, line)
                if word:
                    found.append(f"{where}: {word[0].strip()}: {instead}")
    return found


def check_tree(root):
    found, files = [], 0
    for room in ("ledger", "market", "ai", "twin", "sim", "hil", "viz", "app"):
        for path in sorted((root / room).rglob("*.[ch]pp")):
            files += 1
            relative = str(path.relative_to(root))
            found += check_file(relative, path.read_text())
    constructed = [str(p.relative_to(root)) for room in ("ledger", "market", "ai", "twin", "sim",
                                                         "hil", "viz", "app")
                   for p in sorted((root / room).rglob("*.cpp"))
                   if re.search(r"make_unique<(twin::)?(Validator|Gateway|Fleet)Node>", p.read_text())]
    rooms = sorted(room_of(p) for p in constructed)
    if not set(rooms) <= {"sim", "hil"} or len(rooms) != len(set(rooms)):
        found.append(f"nodes are made in two places, one in sim/ and one in hil/; found: {constructed}")
    return found, files


def self_test():
    cases = [
        ("ledger/a.cpp", '#include "market/clearing/order.hpp"\n', "may not use market"),
        ("market/a.cpp", '#include "order.hpp"\n', "not written from the root"),
        ("sim/a.cpp", '#include "hil/x.hpp"\n', "may not use hil"),
        ("viz/a.cpp", '#include "sim/x.hpp"\n', "may not use sim"),
        ("twin/a.cpp", '#include "twin/store/x.hpp"\n', "may not use twin/store"),
        ("ai/a.cpp", "#include <thread>\n", "hosts"),
        ("ledger/a.cpp", "auto t = std::chrono::system_clock::now();\n", "Instant"),
        ("twin/a.cpp", "std::random_device d;\n", "Rng"),
        ("twin/a.cpp", "int x = rand();\n", "Rng"),
        ("market/a.cpp", "std::ifstream f; // <fstream>\n#include <fstream>\n", "hosts read"),
        ("ai/a.cpp", 'const char* h = getenv("HOME");\n', "argument"),
        ("twin/a.cpp", "sleep(1);\n", "deadline"),
        ("viz/a.cpp", "#include <simgrid/s4u.hpp>\n", "belongs to: sim"),
        ("twin/a.cpp", "#include <sqlite3.h>\n", "belongs to: twin/store"),
        ("market/entries/a.cpp", '#include "market/state/b.hpp"\n', "stands behind"),
        ("twin/node/base/a.hpp", '#include "twin/node/home/b.hpp"\n', "stands behind"),
    ]
    for path, text, expected in cases:
        found = check_file(path, text)
        assert any(expected in f for f in found), (path, text, found)
    fine = [("market/a.cpp", '#include "ledger/base/bytes.hpp"\n// std::thread in a comment\n'),
            ("sim/a.cpp", "#include <thread>\n"), ("app/a.cpp", '#include "hil/x.hpp"\n'),
            ("twin/store/a.cpp", "#include <fstream>\n"),
            ("market/state/a.cpp", '#include "market/entries/b.hpp"\n#include "market/state/c.hpp"\n'),
            ("twin/node/a.cpp", '#include "twin/node/attack/b.hpp"\n')]
    for path, text in fine:
        assert not check_file(path, text), (path, text, check_file(path, text))
    return len(cases) + len(fine)


def main():
    print(f"self-test: {self_test()} cases")
    found, files = check_tree(pathlib.Path(sys.argv[1]))
    for line in found:
        print(line)
    print(f"{files} files, {len(found)} findings")
    sys.exit(1 if found or files == 0 else 0)


if __name__ == "__main__":
    main()
