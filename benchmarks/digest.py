"""Print whether two checkouts predict the same, to the last bit.

Run: python benchmarks/digest.py BEFORE AFTER [--data FOLDER]. FOLDER, else $STAIRLINE_DATA, holds nnmeter/. Takes two
to four minutes.

Both checkouts predict the same networks in one run on one processor: every network of the zoo on every platform at
every precision, and 300 networks of nn-Meter's on four overlays. A digest covers
the latency, the interval, the bounds and padded MACs of every kernel, the coverage and the flags. Names, and digests of
files, may differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

ZOO = (
    *("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "shufflenet_v1", "shufflenet_v2"),
    *("resnet_v1_50", "resnet_v2_50", "inception_v1", "proxyless_mobile", "proxyless_mobile_14"),
    *("mnasnet_a1", "nasnet_a_mobile", "efficientnet_b0", "efficientnet_b1"),
)
OVERLAYS = (
    "mi9-adreno640-tflite2.1-nnmeter",
    "ncs2-myriadx-openvino2019r2-nnmeter",
    "pixel3xl-adreno630-tflite2.1-nnmeter",
    "pixel4-cortexa76-tflite2.1-nnmeter",
)
NETWORKS = 300
COST = ("padded_macs", "compute_s", "memory_s", "weights_s", "epilogue_s", "overhead_s", "latency_s")


def digest(prediction: Any) -> str:
    """The digest of all numbers and flags of a prediction."""
    summary, numbers = prediction.summary, []
    numbers += [summary.latency_s, summary.lower_s, summary.upper_s, summary.analytical_s]
    numbers += [prediction.operators_s, float(prediction.peak_memory_bytes)]
    numbers += [-1.0 if summary.energy_j is None else summary.energy_j]
    numbers += [summary.coverage.macs, summary.coverage.bytes, summary.coverage.operators]
    for kernel in prediction.kernels:
        numbers += [getattr(kernel.cost, name) for name in COST]
        numbers += [float(kernel.macs), float(kernel.bytes_moved), kernel.correction, kernel.factor]
    flags = f"{summary.status} {' '.join(sorted(summary.flags))} {len(prediction.reasons)}"
    return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers) + flags.encode()).hexdigest()


def predictions(data: Path) -> Iterator[tuple[str, str]]:
    """(what was predicted, digest) for everything, by the checkout that is first on the path."""
    import stairline as sl

    zoo = {name: sl.read(name) for name in ZOO}
    for device in sl.available():
        for dtype in device.dtypes:
            for name, graph in zoo.items():
                yield f"{name} {device.name} {dtype}", _digest_of(device, graph, dtype)
    table = data / "nnmeter" / "layers.csv.gz"
    total = sl.networks(table).total
    chosen = list(islice(sl.networks(table).graphs, 0, total, total // NETWORKS))[:NETWORKS]
    for name in OVERLAYS:
        device = sl.load(name)
        for graph in chosen:
            yield f"{graph.name} {name}", _digest_of(device, graph, None)


def _digest_of(device: Any, graph: Any, dtype: str | None) -> str:
    return digest(device.predict(graph, dtype, allow_unknown=True))


def found_by(checkout: Path, data: Path) -> dict[str, str]:
    """What a checkout predicts, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve())}
    command = [sys.executable, "-P", __file__, "--print", "--data", str(data)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise SystemExit(f"{checkout}: {done.stderr.strip().splitlines()[-1]}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print both digests, and what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", nargs="*", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("STAIRLINE_DATA"))
    parser.add_argument("--print", action="store_true", help="print what the checkout on the path predicts, as JSON")
    given = parser.parse_args()
    if given.print:
        print(json.dumps(dict(predictions(given.data.resolve()))))
        return
    if len(given.checkouts) != 2:
        parser.error("name two checkouts")
    if given.data is None:
        parser.error("name the folder that holds nnmeter/layers.csv.gz: --data FOLDER, or set STAIRLINE_DATA")
    before, after = (found_by(checkout, given.data.resolve()) for checkout in given.checkouts)
    for checkout, found in zip(given.checkouts, (before, after)):
        whole = hashlib.sha256(json.dumps(sorted(found.items())).encode()).hexdigest()[:16]
        print(f"{whole}  {len(found)} predictions  {checkout}")
    differing = [what for what in before.keys() | after.keys() if before.get(what) != after.get(what)]
    for what in sorted(differing)[:20]:
        print(f"differs: {what}")
    print(f"{len(differing)} differ")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
