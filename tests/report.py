#!/usr/bin/python3
"""report.py TESTLOG STATUS: sums up a run of `meson test`: what failed, the slowest, and a count.

TESTLOG is meson-logs/testlog.json, STATUS the exit status of `meson test`. Each scenario of a real
boot counts, and each other test. Exits 1 if anything failed or was skipped.
"""

import json
import re
import sys

JOURNAL = "# journal of the scenario:"
SLOWEST = 5


class Sum:
    """What is known of all tests that were added."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reasons = []  # lines
        self.seconds = []  # (seconds, name)

    def add(self, test):
        # Without the project's and the suite's.
        test["name"] = test["name"].rpartition(" / ")[2]
        output = test.get("stdout") or ""
        if re.search(r"^1\.\.\d", output, re.M):
            self.add_tap(test, output.splitlines())
            return
        self.seconds.append((test.get("duration") or 0, test["name"]))
        if test["result"] in ("OK", "EXPECTEDFAIL"):
            self.passed += 1
        elif test["result"] == "SKIP":
            self.skipped += 1
        else:
            self.failed += 1
            self.reasons.append(f"{test['name']}: {test['result']}")

    def add_tap(self, test, lines):
        """A test whose output says what is in it."""
        failed, block = self.failed, []
        for line in lines:
            found = re.match(r"(ok|not ok)\b[^#]*?- (\S+)(.*)", line)
            block.append(line)
            if not found and re.match(r"1\.\.0.*# SKIP", line, re.I):
                self.skipped += 1
            if not found:
                continue
            word, name, comment = found.groups()
            if word == "not ok":
                self.failed += 1
                # Without the journal that follows.
                own = block[:block.index(JOURNAL)] if JOURNAL in block else block[:-1]
                self.reasons += own[-60:] + [f"{test['name']}: {line}"]
            elif re.match(r" *# SKIP", comment, re.I):
                self.skipped += 1
                self.reasons.append(f"{test['name']}: {line}")
            else:
                self.passed += 1
            if took := re.search(r"([\d.]+) s$", comment):
                self.seconds.append((float(took.group(1)), f"{name}, {test['name']}"))
            block = []
        if test["result"] not in ("OK", "SKIP") and failed == self.failed:
            self.failed += 1
            self.reasons += lines[-20:] + [f"{test['name']}: it gave up ({test['result']})"]

    def print(self):
        if self.reasons:
            print("What failed:", *self.reasons, sep="\n")
        print("The slowest:")
        for seconds, name in sorted(self.seconds, reverse=True)[:SLOWEST]:
            print(f"{seconds:8.1f} s  {name}")
        print(f"{self.passed} passed, {self.failed} failed" +
              (f", {self.skipped} skipped" if self.skipped else ""))


def main(testlog, status):
    total = Sum()
    with open(testlog) as log:
        for line in log:
            total.add(json.loads(line))
    if status != "0" and not total.failed:
        total.failed += 1
        total.reasons.append(f"meson test: exit status {status}")
    total.print()
    return 1 if total.failed or total.skipped else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
