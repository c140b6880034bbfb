"""Which Parquet codec and level? Rewrites the batches of a folder with each, and prints time and size as ratios to the first.

    python3 -m pip install polars
    python3 bench/parquet_codec.py parquet/public.subscriptions

Polars' Python package runs the same writer as pg2duck. Times are medians of interleaved rounds on one thread.
"""

import os
import statistics
import sys
import tempfile
import time

os.environ["POLARS_MAX_THREADS"] = "1"
import polars  # noqa: E402 (reads the variable when imported)

CODECS = [("zstd", 3), ("zstd", 1), ("zstd", 6), ("lz4", None), ("snappy", None), ("uncompressed", None)]
ROUNDS = 5


def main(folder: str) -> None:
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".parquet"))[:20]
    frames = [polars.read_parquet(path) for path in paths]
    seconds = {codec: [] for codec in CODECS}
    size = dict.fromkeys(CODECS, 0)
    with tempfile.TemporaryDirectory() as scratch:
        target = os.path.join(scratch, "batch.parquet")
        for round_number in range(ROUNDS):
            for codec, level in CODECS:
                started = time.perf_counter()
                for frame in frames:
                    frame.write_parquet(target, compression=codec, compression_level=level)
                    if round_number == 0:
                        size[codec, level] += os.path.getsize(target)
                seconds[codec, level].append(time.perf_counter() - started)
    rows = sum(frame.height for frame in frames)
    print(f"{len(frames)} batches, {rows} rows, {ROUNDS} rounds")
    print(f"{'codec':<14}{'time':>8}{'size':>8}{'MB':>9}")
    base_time, base_size = statistics.median(seconds[CODECS[0]]), size[CODECS[0]]
    for codec, level in CODECS:
        name = codec if level is None else f"{codec} {level}"
        ratio = statistics.median(seconds[codec, level]) / base_time
        print(f"{name:<14}{ratio:>8.2f}{size[codec, level] / base_size:>8.2f}{size[codec, level] / 1e6:>9.1f}")


if __name__ == "__main__":
    main(sys.argv[1])
