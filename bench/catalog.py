"""Sums the statements that read catalogs in a Postgres log (stdin) written with log_statement_stats = on."""

import re
import statistics
import sys

USAGE = re.compile(r"!\s([\d.]+) s user, ([\d.]+) s system, ([\d.]+) s elapsed")
# What only the session that holds the snapshot says: one a cycle.
CYCLE = "SET LOCAL idle_in_transaction_session_timeout"


def main():
    cycles, others, usage, statements = 0, 0, None, {}
    for line in sys.stdin:
        found = USAGE.search(line)
        if found:
            user, system, elapsed = (1000 * float(seconds) for seconds in found.groups())
            usage = (user + system, elapsed)
        if "STATEMENT:  " not in line or not usage:
            continue
        text = line.split("STATEMENT:  ", 1)[1].strip()
        cycles += CYCLE in text
        if "pg_catalog." in text:
            statements.setdefault(name(text), []).append(usage)
        else:
            others += 1
        usage = None
    if not cycles:
        sys.exit("catalog: no whole cycle in the log")
    print(f"{cycles} cycles of one session; of each the statements that read catalogs:")
    print(f"{'processor ms':>12} {'elapsed ms':>10} {'times':>6}  statement")
    sums = [0, 0, 0]
    for text, each in sorted(statements.items(), key=lambda item: -sum(used for used, _ in item[1])):
        # The first one warms the session.
        processor, elapsed = (statistics.median(column) for column in zip(*(each[1:] or each)))
        often = len(each) / cycles
        sums = [total + more for total, more in zip(sums, (processor * often, elapsed * often, often))]
        print(f"{processor:12.1f} {elapsed:10.1f} {often:6.1f}  {text[:100]}")
    print(f"{sums[0]:12.1f} {sums[1]:10.1f} {sums[2]:6.1f}  all; {others / cycles:.0f} others")


def name(text):
    found = re.match(r"/\* pg2duck: (.*?) \*/", text)
    return found[1] if found else re.sub(r"\b(\d+, ?)*\d+\b", "N", text)


main()
