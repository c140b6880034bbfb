"""Sums up a Postgres log with auto_explain plans in JSON: statements of the last whole cycle of pg2duck (see cost.sh)."""

import json
import re
import sys

entries = []
for line in sys.stdin:
    if line.startswith("\t") and entries:
        entries[-1] += line
    else:
        entries.append(line)

statements, plan = [], None
for entry in entries:
    if "plan:" in entry:
        plan = json.loads(entry[entry.index("{") :])
        continue
    done = re.search(r"duration: ([\d.]+) ms  (?:statement|execute [^:]*): (.*)", entry, re.DOTALL)
    if done:
        top = plan["Plan"] if plan else {}
        buffers = top.get("Shared Hit Blocks", 0) + top.get("Shared Read Blocks", 0)
        nodes = re.findall(r'"Node Type": "([^"]+)"', json.dumps(plan)) if plan else []
        statements.append((" ".join(done[2].split()), float(done[1]), buffers, top.get("Actual Rows", 0), nodes[:1]))
        plan = None

# Every cycle begins with a look at the snapshot.
begins = [at for at, statement in enumerate(statements) if "pg2duck: probe" in statement[0]]
if len(begins) < 2:
    sys.exit("cost: no whole cycle in the log")
cycle = statements[begins[-2] : begins[-1]]
print(f"{'ms':>8} {'buffers':>8} {'rows':>6}  statement")
for text, ms, buffers, rows, nodes in cycle:
    print(f"{ms:8.3f} {buffers:8} {rows:6}  {'/'.join(nodes)} {text[:110]}")
for name, chosen in [("COPY of rows", [s for s in cycle if s[0].startswith("COPY")]),
                     ("all else", [s for s in cycle if not s[0].startswith("COPY")])]:
    print(f"{name}: {len(chosen)} statements, {sum(s[2] for s in chosen)} buffers, {sum(s[1] for s in chosen):.2f} ms")
