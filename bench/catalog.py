"""Sums the statements that read catalogs in a Postgres log (stdin) written with log_min_duration_statement = 0."""

import re
import statistics
import sys

DURATION = re.compile(r"duration: ([\d.]+) ms  statement: (.*)")
# What only the session that holds the snapshot says: one a cycle.
CYCLE = "SET LOCAL idle_in_transaction_session_timeout"


def main():
    cycles, times, others = 0, {}, 0
    for line in sys.stdin:
        found = DURATION.search(line)
        if not found:
            continue
        milliseconds, text = float(found[1]), found[2]
        cycles += CYCLE in text
        if "pg_catalog." not in text:
            others += 1
            continue
        text = re.sub(r"\b(\d+, ?)*\d+\b", "N", text)
        times.setdefault(text, []).append(milliseconds)
    if not cycles:
        sys.exit("catalog: no whole cycle in the log")
    print(f"{cycles} cycles in one session, of each the statements that read catalogs:")
    print(f"{'ms':>8} {'first ms':>9} {'times':>6}  statement")
    total, count = 0, 0
    for text, each in sorted(times.items(), key=lambda item: -sum(item[1])):
        often = len(each) / cycles
        median = statistics.median(each[1:] or each)
        total += median * often
        count += often
        print(f"{median:8.1f} {each[0]:9.1f} {often:6.1f}  {shown(text)}")
    print(f"all: {total:.1f} ms, {count:.0f} statements; {others / cycles:.0f} others")


def shown(text):
    name = re.match(r"/\* pg2duck: (.*?) \*/", text)
    return name[1] if name else text[:100]


main()
