"""An Ethos-U kernel as Vela estimates it: the engine, with the copies it waits for, against what each memory moves.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/network_performance.cpp: EstimateFullOpPerformance.
"""

from __future__ import annotations

from stairline.hwmodels.kernels.base import Cost, Roof, Work

from .engine import Engine
from .kernel_parameters import EthosU
from .memory import busy_cycles
from .traffic import both, maps_moved, weights_moved


def accounted(work: Work, roof: Roof, p: EthosU, engine: Engine, streamed: float) -> Cost:
    """The cost of a kernel: its engine with the copies, or one of the memories if that takes longer.

    Copies of the input come before either. ``streamed`` is 1 where inputs pass once, element by element.
    """
    fast_maps, slow_maps = maps_moved(work, roof, p, 1.0, streamed), maps_moved(work, roof, p, 0.0, streamed)
    fast_weights, slow_weights = weights_moved(work, p, 1.0), weights_moved(work, p, 0.0)
    maps = max(busy_cycles(p, roof, 1.0, fast_maps), busy_cycles(p, roof, 0.0, slow_maps))
    weights = max(busy_cycles(p, roof, 1.0, fast_weights), busy_cycles(p, roof, 0.0, slow_weights))
    fast = busy_cycles(p, roof, 1.0, both(fast_maps, fast_weights))
    slow = busy_cycles(p, roof, 0.0, both(slow_maps, slow_weights))
    busy = max(p.copy_cycles, engine.cycles + p.copy_visible_cycles)
    return Cost(
        padded_macs=engine.padded_macs,
        compute_s=engine.mac_cycles / roof.clock_hz,
        memory_s=(maps + p.input_copy_cycles) / roof.clock_hz,
        weights_s=weights / roof.clock_hz,
        epilogue_s=engine.output_cycles / roof.clock_hz,
        overhead_s=(busy - engine.cycles) / roof.clock_hz,
        latency_s=(max(busy, fast, slow) + p.input_copy_cycles) / roof.clock_hz,
    )
