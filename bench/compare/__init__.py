"""The benchmark behind `make bench`: pg2duck, its peers and the limit, in one run on one throwaway Postgres.

Read `__main__`, then `rounds`. `server` and `toolbox` prepare, `datasets` fills the source, `contenders` says how each peer
is started, `measure` runs one process; `scaling` and `idle` look at pg2duck alone; `report` and `plot` show the results.
The folder `peers` holds one script per peer. This package needs nothing but the standard library: what the peers need
lives in a virtual environment of their own.
"""
