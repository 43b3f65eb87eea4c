"""Print how far Ethos-U55s of other sizes, made of one by numbers of its platform alone, are from Vela's estimates.

Run from the root of the repository: python -m benchmarks.compilers.ethos_u_sizes DIR
The networks are written to DIR as int8 .tflite files where they are not there yet. Takes some minutes.

The U55-128 becomes a -32, -64 and -256 by its MACs per cycle and by the cycles of one output element (the -32 also by
those of a window's element and of a wait for sums), which are those that Vela states for each (ethos-u-vela 5.2,
ethosu/vela/architecture_features.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from stairline.hwmodels import Platform, derive, load, quantities
from stairline.hwmodels.files.changes import Change, Times, Value
from stairline.measure.models.build import tflite_bytes
from stairline.measure.runtimes.vela import estimate
from stairline.simulator.networks import read
from stairline.simulator.pricing.predict import predict
from stairline.simulator.zoo import build

NETWORKS = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "inception_v1", "resnet_v1_50", "efficientnet_b0")


CYCLES = {32: (4.0, 2.0), 64: (2.0, 2.0), 256: (0.5, 0.5)}
"""By MACs per cycle, the cycles of an output element and of its activation relative to those of the U55-128."""


def changes(base: Platform, macs: int) -> Iterator[Change]:
    """What makes a U55 of another size of the U55-128."""
    output, activation = CYCLES[macs]
    yield Value("roofs.compute.int8.macs_per_cycle", float(macs))
    yield Times("shared.activation_cycles", activation)
    yield from (Times(key, output) for key, _ in quantities(base.file) if ".output_cycles" in key)
    if macs == 32:
        yield from (Value("shared.window_cycles.int8", 1.0), Value("shared.delay_cycles.int8", 3.0))


def written(folder: Path, name: str) -> Path:
    """The network's int8 file."""
    path = folder / f"{name}.tflite"
    if not path.exists():
        path.write_bytes(tflite_bytes(build(name), "int8"))
    return path


def main(arguments: list[str]) -> None:
    """Print the error of each network at each size, and the mean of their absolute values."""
    if len(arguments) != 1:
        sys.exit("name a folder for the networks' files")
    paths = [written(Path(arguments[0]), name) for name in NETWORKS]
    base = load("ethos-u55-128-vela5.2")
    for macs in CYCLES:
        platform, errors = derive(base, list(changes(base, macs))), {}
        for path in paths:
            run = estimate(f"ethos-u55-{macs}", path)
            errors[path.stem] = predict(read(path), platform, "int8").latency_s / run.runs_s[0] - 1.0
        each = ", ".join(f"{name} {error:+.2%}" for name, error in errors.items())
        print(f"ethos-u55-{macs}: mean error {mean(map(abs, errors.values())):.2%}; {each}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
