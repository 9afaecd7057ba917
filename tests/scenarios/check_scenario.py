#!/usr/bin/env python3
"""Runs one scenario and compares its summary with the scenario's expected.toml; its ledger must pass
the audit with openings, and a receipt of its first account must verify. Variants, which are the same
scenario with some keys set otherwise, are run beside it, and their figures compared with both.

Usage: check_scenario.py PROGRAM SCENARIO [--needs FILE] [RUN ARGUMENTS...]
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

KEYS = {"key", "value", "tolerance", "min", "max", "less"}


def figure_of(summary, key):
    for part in key.split("."):
        summary = summary[int(part) if isinstance(summary, list) else part]
    return summary


def wrong_figures(figures, summary, base, where):
    failures = []
    for figure in figures:
        assert figure.keys() <= KEYS and ({"value", "min", "max"} & figure.keys()), figure
        found = figure_of(summary, figure["key"])
        if "less" in figure:
            assert figure["less"] == "base" and base is not None, figure
            others = figure_of(base, figure["key"])
            found = None if None in (found, others) else found - others
        infinite = float("inf")
        low = figure.get("min", figure["value"] - figure.get("tolerance", 0) if "value" in figure
                         else -infinite)
        high = figure.get("max", figure["value"] + figure.get("tolerance", 0) if "value" in figure
                          else infinite)
        holds = found is not None and low <= found <= high  # null: there is none, such as a price
        name = where + figure["key"] + (" less base" if "less" in figure else "")
        print(f"{'ok  ' if holds else 'FAIL'} {name} = {found}, wants {low} to {high}")
        if not holds:
            failures.append(name)
    return failures


def run(program, scenario, out, arguments):
    done = subprocess.run([program, "run", scenario, "--out", out, "--json", "--quiet", *arguments],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"run: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def wrong_energy(summary, where):
    residual = abs(summary["energy"]["balance_residual_kwh"])
    holds = residual <= 1e-6 * summary["energy"]["consumed_kwh"]
    return [] if holds else [where + "energy.balance_residual_kwh"]


def check_ladder(program, scenario, folder, expected):
    """Figures of `ladder`'s table: of a variant, `figure` in it, or against none. No list: no table."""
    if not expected:
        return []
    run = subprocess.run([program, "ladder", scenario, "--out", folder + "/ladder", "--json",
                          "--quiet"], capture_output=True, text=True, check=True)
    variants = {v["name"]: v for v in json.loads(run.stdout)["variants"]}
    failures = []
    for figure in expected:
        variant = variants[figure["rung"]]
        part = "against_none" if figure.get("against_none") else "figures"
        found = variant[part][figure["figure"]]["mean"]
        holds = figure.get("min", found) <= found <= figure.get("max", found)
        name = f"{figure['rung']}.{part}.{figure['figure']}"
        print(f"{'ok  ' if holds else 'FAIL'} {name} = {found}")
        if not holds:
            failures.append(name)
    return failures


def main():
    program, scenario, *arguments = sys.argv[1:]
    if arguments[:1] == ["--needs"]:
        if not pathlib.Path(arguments[1]).exists():
            print(f"skipped: {arguments[1]} is not there")
            sys.exit(0)
        arguments = arguments[2:]
    expected = tomllib.loads((pathlib.Path(scenario) / "expected.toml").read_text())
    with tempfile.TemporaryDirectory() as folder:
        out = folder + "/run"
        summary = run(program, scenario, out, arguments)
        failures = wrong_figures(expected["figure"], summary, None, "") + wrong_energy(summary, "")
        failures += check_ladder(program, scenario, folder, expected.get("ladder", []))
        checks = subprocess.run([program, "audit", out, "--openings", out + "/openings"])
        receipt = subprocess.run([program, "receipt", out, "--account", summary["accounts"][0],
                                  "--out", out + "/receipt.json"])
        verified = subprocess.run([program, "verify", out + "/receipt.json",
                                   "--policy", out + "/log/policy"])
        for name, process in (("audit", checks), ("receipt", receipt), ("verify", verified)):
            if process.returncode != 0:
                failures.append(f"{name}: exit {process.returncode}")
        for number, variant in enumerate(expected.get("variant", [])):
            where = variant["name"] + ": "
            settings = [word for pair in variant["set"] for word in ("--set", pair)]
            other = run(program, scenario, f"{folder}/variant-{number}", [*arguments, *settings])
            failures += wrong_figures(variant["figure"], other, summary, where)
            failures += wrong_energy(other, where)
    print("failures:", failures or "none")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
