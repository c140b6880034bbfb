"""Run by the peers' Python: what a DuckDB file answers to the queries of a JSON list, one row of text each, as JSON."""

import json
import sys

import duckdb

lake = duckdb.connect(sys.argv[1], read_only=True)
answers = []
for query in json.loads(sys.argv[2]):
    answers.append([str(value) for value in lake.execute(query).fetchone()])
print(json.dumps(answers))
