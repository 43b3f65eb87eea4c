"""Print how fast a layer table becomes graphs.

Run from the root of the repository: python -m benchmarks.speed.layer_table TABLE. Takes seconds for a million rows.
"""

from __future__ import annotations

import sys
import time

from stairline.simulator.readers.layer_table.reader import read_table


def main(path: str) -> None:
    """Print the seconds of both steps and rows per second."""
    start = time.perf_counter()
    table = read_table(path)
    read_s = time.perf_counter() - start
    layers = sum(len(graph.layers) for graph in table.networks())
    total_s = time.perf_counter() - start
    rows = len(table.columns.net)
    print(f"{len(table)} networks, {rows} rows, {layers} layers")
    print(f"read and verified in {read_s:.2f} s, graphs in {total_s - read_s:.2f} s")
    print(f"{rows / total_s:,.0f} rows/s, {total_s / rows * 1e6:.2f} us per row")


if __name__ == "__main__":
    main(sys.argv[1])
