"""Fusion told from three times against nn-Meter's labels: python -m benchmarks.fusion_pairs DATA_DIR.

The labels are nn-Meter's own, by a rule without noise: fused where more than half of the smaller time is saved. A
finding is told here only where the noise leaves one of the two; the share of those that agree is printed.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from math import hypot
from pathlib import Path

from stairline.calibration.probing.fusion import fusion

NOISE = {"cortexA76cpu_tflite21": 0.02, "adreno640gpu_tflite21": 0.005, "myriadvpu_openvino2019r2": 0.01}
"""Relative standard deviation of a time. The data's README gives 1 to 6 % for a CPU run, 0.1 to 0.2 % for a GPU's."""

TIMES = ("t_producer", "t_consumer", "t_block")


def main() -> None:
    """Print, for each platform, how many pairs are told, and how many of them as labelled."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with (Path(sys.argv[1]) / "nnmeter" / "fusion_pairs.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            times = [float(row[key]) for key in TIMES if row[key]]
            if len(times) < len(TIMES) or min(times) <= 0.0:
                found[row["platform"]]["no times"] += 1
                continue
            first, second, both = times
            judged = fusion(first, second, both, NOISE[row["platform"]] * hypot(*times))
            agrees = judged.fused == (row["fused"] == "True")
            found[row["platform"]]["not told" if judged.fused is None else "agree" if agrees else "differ"] += 1
            if judged.fused is not None and not agrees:
                print(f"{row['platform']}: {row['producer']} + {row['consumer']}: labelled {row['fused']}, {judged}")
    for platform, counts in found.items():
        print(f"{platform}: {', '.join(f'{count} {what}' for what, count in sorted(counts.items()))}")


if __name__ == "__main__":
    main()
