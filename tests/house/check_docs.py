#!/usr/bin/env python3
"""What README.md and docs/ say is so: their shell commands run, their links lead somewhere, and
docs/scenario.md names every key that the scenario reader asks for.

Usage: check_docs.py ROOT PROGRAM
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Commands that build or test everything: only that they are there is checked.
SLOW = {"scripts/demo", "scripts/test", "scripts/bench", "scripts/setup", "scripts/build"}
SLOW_WITH_ARGUMENTS = ("scripts/campaign ",)

README_LINES = 80
READER = "twin/scenario/scenario_reader.cpp"
ASKED = re.compile(
    r'\.(?:number|integer|text|one_of|some_of|duration|time|range|micro_eur|tables?|is_text)\(\s*"(\w+)"'
)


def shell_lines(text):
    """The commands of all blocks marked sh, without comments and empty lines."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M):
        for line in block.splitlines():
            command = re.sub(r"\s+#.*", "", line).strip()
            if command and not command.startswith("#"):
                yield command


def is_slow(command):
    return command in SLOW or command.startswith(SLOW_WITH_ARGUMENTS)


def runnable(command, folder):
    """A command as a machine without a person and a window runs it; None where it cannot."""
    if "ACCOUNT" in command:
        summary = next(folder.glob("runs/*/summary.json"))
        command = command.replace("ACCOUNT", json.loads(summary.read_text())["accounts"][0])
    if re.match(r"build/release/aipchain view\b", command):
        if not shutil.which("xvfb-run"):
            return None
        command = f"xvfb-run -a {command} --at 30m --screenshot view.png"
    return command


def run_commands(root, program, page):
    """Runs a page's commands in their order, in a folder that looks like the project's."""
    commands = list(shell_lines((root / page).read_text()))
    findings = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/aipchain").symlink_to(program)
        for shared in ("scenarios", "scripts", "hil"):
            (folder / shared).symlink_to(root / shared)
        for command in commands:
            if is_slow(command):
                script = root / command.split()[0]
                if not os.access(script, os.X_OK):
                    findings.append(f"{page}: {command}: no such script")
                continue
            line = runnable(command, folder)
            if line is None:
                print(f"{page}: skipped, xvfb-run is not installed: {command}")
                continue
            done = subprocess.run(["bash", "-ec", line], cwd=folder, capture_output=True, text=True,
                                  timeout=120, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                findings.append(f"{page}: {command}: exit {done.returncode}: {done.stderr.strip()}")
    return len(commands), findings


def missing_keys(reader, page):
    """Keys that the reader asks for and the page does not name in code."""
    code = " ".join(re.findall(r"`+([^`]+)`+", page))
    words = set(re.findall(r"\w+", code)) | set(re.findall(r"\[+(\w+)\]+", page))
    return sorted(set(ASKED.findall(reader)) - words)


def dead_links(root):
    findings = []
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                findings.append(f"{page.relative_to(root)}: leads to {target}, which is not there")
    return findings


def self_test():
    assert list(shell_lines("```sh\na  # why\n\n# no\nb c\n```\n```\nd\n```\n")) == ["a", "b c"]
    assert missing_keys('t.number("tilt_deg", 1); t.table("pv")', "`tilt_deg`") == ["pv"]
    assert missing_keys('t.text(\n    "file", "")', "# `[grid]` `file`") == []
    assert missing_keys('t.text("file", "")', "a file without its marks") == ["file"]
    assert is_slow("scripts/demo") and is_slow("scripts/campaign flips")
    assert not is_slow("scripts/demolish") and not is_slow("build/release/aipchain run x")


def main():
    root, program = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    self_test()
    readme = (root / "README.md").read_text()
    findings = dead_links(root)
    if len(readme.splitlines()) > README_LINES:
        findings.append(f"README.md: longer than {README_LINES} lines")
    scenario = (root / "docs/scenario.md").read_text()
    for key in missing_keys((root / READER).read_text(), scenario):
        findings.append(f"docs/scenario.md: does not name {key}, which {READER} reads")
    total = 0
    for page in ["README.md", *sorted(str(p.relative_to(root)) for p in (root / "docs").rglob("*.md"))]:
        count, wrong = run_commands(root, program, page)
        total += count
        findings += wrong
    if total < 5:
        findings.append("README.md: hardly any commands in blocks marked sh were found")
    print(f"{total} commands, {len(findings)} findings")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
