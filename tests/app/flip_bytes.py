#!/usr/bin/env python3
"""Changes bytes of a log as tests/app/test_byte_flips.cpp did and asks the reader in scripts/.

FOLDER holds log/ and masks/: the same paths and sizes, each byte what the log's is changed by. Takes
every STRIDE-th byte of each file, names the changes that are not found.

Usage: flip_bytes.py FOLDER STRIDE
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import public_log


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def main():
    folder, stride = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    log, masks = files_of(folder / "log"), files_of(folder / "masks")
    whole = public_log.audit(public_log.Files(log))
    assert all(ok for _, ok, _ in whole), whole
    tried, missed = 0, 0
    for path, data in log.items():
        for at in range(0, len(data), stride):
            changed = bytearray(data)
            changed[at] ^= masks[path][at]
            checks = public_log.audit(public_log.Files({**log, path: bytes(changed)}))
            tried += 1
            if all(ok is not False for _, ok, _ in checks):
                missed += 1
                print(f"missed: {path} at {at} by {masks[path][at]}")
    print(f"second reader: {tried - missed} of {tried} changed bytes found, every {stride}. of a file")
    return 1 if missed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
