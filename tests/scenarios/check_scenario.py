#!/usr/bin/env python3
"""Runs one scenario and compares its summary with the scenario's expected.toml; its ledger must pass
the audit with openings, and a receipt of its first account must verify.

Usage: check_scenario.py PROGRAM SCENARIO [--needs FILE] [RUN ARGUMENTS...]
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib


def main():
    program, scenario, *arguments = sys.argv[1:]
    if arguments[:1] == ["--needs"]:
        if not pathlib.Path(arguments[1]).exists():
            print(f"skipped: {arguments[1]} is not there")
            sys.exit(0)
        arguments = arguments[2:]
    expected = tomllib.loads((pathlib.Path(scenario) / "expected.toml").read_text())
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        out = folder + "/run"
        run = subprocess.run([program, "run", scenario, "--out", out, "--json", "--quiet", *arguments],
                             capture_output=True, text=True, check=True)
        summary = json.loads(run.stdout)
        for figure in expected["figure"]:
            found = summary
            for part in figure["key"].split("."):
                found = found[part]
            low = figure.get("min", figure.get("value", 0) - figure.get("tolerance", 0))
            high = figure.get("max", figure.get("value", 0) + figure.get("tolerance", 0))
            holds = low <= found <= high
            print(f"{'ok  ' if holds else 'FAIL'} {figure['key']} = {found}, wants {low} to {high}")
            if not holds:
                failures.append(figure["key"])
        residual = abs(summary["energy"]["balance_residual_kwh"])
        if residual > 1e-6 * summary["energy"]["consumed_kwh"]:
            failures.append("energy.balance_residual_kwh")
        checks = subprocess.run([program, "audit", out, "--openings", out + "/openings"])
        receipt = subprocess.run([program, "receipt", out, "--account", summary["accounts"][0],
                                  "--out", out + "/receipt.json"])
        verified = subprocess.run([program, "verify", out + "/receipt.json",
                                   "--policy", out + "/log/policy"])
        for name, process in (("audit", checks), ("receipt", receipt), ("verify", verified)):
            if process.returncode != 0:
                failures.append(f"{name}: exit {process.returncode}")
    print("failures:", failures or "none")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
