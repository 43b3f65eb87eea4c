"""Print how often the probe that infers fusion from three times agrees with nn-Meter's labels.

Run from the root of the repository: python -m benchmarks.devices.fusion_pairs [DATA_DIR]. DATA_DIR, else
$STAIRLINE_DATA, holds nnmeter/fusion_pairs.csv. Takes a second.

The labels are nn-Meter's own, by a rule without noise: a pair is fused where more than half of the smaller time is
saved. The probe decides only where the noise of the times leaves one answer; other pairs are counted as undecided.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from math import hypot

from benchmarks.data.location import measurements
from stairline.calibration.probing.fusion import fusion

LABELS = "nnmeter/fusion_pairs.csv"

NOISE = {"cortexA76cpu_tflite21": 0.02, "adreno640gpu_tflite21": 0.005, "myriadvpu_openvino2019r2": 0.01}
"""Relative standard deviation of a time. The data's README gives 1 to 6 % for a CPU run, 0.1 to 0.2 % for a GPU's."""

TIMES = ("t_producer", "t_consumer", "t_block")


def main(arguments: list[str]) -> None:
    """Print, for each platform, how many pairs the probe decides, and how many of them as labelled."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    path = measurements(arguments, LABELS) / LABELS
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            times = [float(row[key]) for key in TIMES if row[key]]
            if len(times) < len(TIMES) or min(times) <= 0.0:
                found[row["platform"]]["no times"] += 1
                continue
            first, second, both = times
            judged = fusion(first, second, both, NOISE[row["platform"]] * hypot(*times))
            agrees = judged.fused == (row["fused"] == "True")
            found[row["platform"]]["undecided" if judged.fused is None else "agree" if agrees else "differ"] += 1
            if judged.fused is not None and not agrees:
                print(f"{row['platform']}: {row['producer']} + {row['consumer']}: labelled {row['fused']}, {judged}")
    for platform, counts in found.items():
        print(f"{platform}: {', '.join(f'{count} {what}' for what, count in sorted(counts.items()))}")


if __name__ == "__main__":
    main(sys.argv[1:])
