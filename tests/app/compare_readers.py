#!/usr/bin/env python3
"""Reads the cases that tests/app/reader_cases.cpp writes, a JSON object a line, and compares
what `aipchain` said with what the reader in scripts/ says. Names each disagreement.

  {"files": {path: hex}, "name": ..., "ours": {...}}                 a log, the base of what follows
  {"changes": {path: hex or null}, "name": ..., "ours": {...}}       the base with changes
  {"receipt": hex, "name": ..., "ours": the first check that fails}  "" where all hold

Usage: compare_readers.py CASES
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import public_log
import receipt


def log_of(base, case):
    if "files" in case:
        base.clear()
        base.update({path: bytes.fromhex(text) for path, text in case["files"].items()})
        return dict(base)
    files = dict(base)
    for path, text in case["changes"].items():
        if text is None:
            files.pop(path, None)
        else:
            files[path] = bytes.fromhex(text)
    return files


def verdict(base, case):
    """What the reader says in the form of `ours`, and its words."""
    if "receipt" in case:
        checks = receipt.verify(bytes.fromhex(case["receipt"]))
        name, ok, detail = checks[-1]
        return "" if ok else name, f"{name}: {detail}"
    checks = public_log.audit(public_log.Files(log_of(base, case)))
    return {name: ok for name, ok, _ in checks}, str(checks)


def main():
    base, cases, failing, disagreements = {}, 0, 0, 0
    with open(sys.argv[1]) as lines:
        for line in lines:
            case = json.loads(line)
            theirs, words = verdict(base, case)
            cases += 1
            failing += theirs != "" if isinstance(theirs, str) else False in theirs.values()
            if theirs != case["ours"]:
                disagreements += 1
                print(f"disagree: {case['name']}: ours {case['ours']}, theirs {words!a}")
    print(f"second reader: {cases} cases, {failing} of them found wrong, "
          f"{disagreements} disagreements")
    return 1 if disagreements or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
