#!/usr/bin/env python3
"""A second reader of the public log and of receipts, in Python: for whoever would not trust one
program. Written from docs/formats/ and sharing no code with `aipchain audit`.

  scripts/audit.py audit DIR [--policy FILE] [--json]       R1 to R3 of a run's log/
  scripts/audit.py verify RECEIPT [--policy FILE] [--json]  a household's receipt

Ends with 0: it holds, 1: it does not, 2: the command line is wrong or a path cannot be read.
"""
import argparse
import json
import os
import pathlib
import sys

import public_log
import receipt

LARGEST = 1 << 30


class Unreadable(Exception):
    pass


def read_bytes(path):
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    if len(data) > LARGEST:
        raise Unreadable(f"{path}: is larger than 1 GiB")
    return data


class Directory:
    """The files below a directory; an empty folder stands in the list with a slash at its end."""

    def __init__(self, root):
        self.root, self.paths = pathlib.Path(root), []
        for folder, folders, files in os.walk(root):
            below = os.path.relpath(folder, root)
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            self.paths += [os.path.normpath(os.path.join(below, name)) for name in files + links]
            if not folders and not files and below != ".":
                self.paths.append(below + "/")
        self.paths.sort()

    def read(self, path):
        file = self.root / path
        try:
            return read_bytes(file) if file.is_file() else None
        except Unreadable:
            return None


def log_directory(directory):
    """DIR/log, or DIR where that is a log itself."""
    path = pathlib.Path(directory)
    if (path / "log").is_dir():
        return path / "log"
    if path.is_dir() and any((path / n).exists() for n in ("genesis", "policy", "checkpoint")):
        return path
    raise Unreadable(f"{directory}: is no ledger that can be read")


def trusted_policy(path):
    if path is None:
        return None
    data = read_bytes(path)
    if not data:
        raise Unreadable(f"--policy {path}: is empty: no trust root can be taken from it")
    return data.decode(errors="surrogateescape")


def main():
    parser = argparse.ArgumentParser(description="A second reader of public logs and receipts.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("audit", "directory"), ("verify", "receipt")):
        command = commands.add_parser(name)
        command.add_argument(what)
        command.add_argument("--policy", help="the trust root, from a source you trust")
        command.add_argument("--json", action="store_true")
    o = parser.parse_args()
    try:
        policy = trusted_policy(o.policy)
        if o.command == "audit":
            checks = public_log.audit(Directory(log_directory(o.directory)), policy)
        else:
            checks = receipt.verify(read_bytes(o.receipt), policy)
    except Unreadable as error:
        print(f"audit.py: {error}", file=sys.stderr)
        return 2
    holds = all(ok is not False for _, ok, _ in checks)
    if o.json:
        list_of = [{"id": name, "ok": ok, "detail": detail} for name, ok, detail in checks]
        print(json.dumps({"checks": list_of, "holds": holds}, indent=2))
    else:
        for name, ok, detail in checks:
            print(f"{name:15} {'-' if ok is None else 'holds' if ok else 'FAILS'}: {detail!a}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
