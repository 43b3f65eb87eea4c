"""Arm's Ethos-U as Vela estimates it: the engine, with the copies it waits for, against what each memory moves.

Source: Vela 5.2 (Arm, Apache-2.0), regor/compiler/network_performance.cpp: EstimateFullOpPerformance.
"""

from __future__ import annotations

from .base import Cost, Roof, Work
from .ethos_u_engine import Engine, conv_engine, dwconv_engine, elementwise_engine, pool_engine
from .ethos_u_memory import busy_cycles
from .ethos_u_models import EthosU, EthosUSoftmax
from .ethos_u_traffic import both, maps_moved, weights_moved


def ethos_u_conv(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A convolution, or a matrix product as one of a single tap."""
    return accounted(work, roof, p, conv_engine(work, roof, p, 1.0, 1.0), 0.0)


def ethos_u_dwconv(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A depthwise convolution."""
    return accounted(work, roof, p, dwconv_engine(work, roof, p, 1.0, 1.0), 0.0)


def ethos_u_pool(work: Work, roof: Roof, p: EthosU) -> Cost:
    """A window of each channel; a copy or an activation by itself is a window of one element."""
    return accounted(work, roof, p, pool_engine(work, roof, p), 0.0)


def ethos_u_elementwise(work: Work, roof: Roof, p: EthosU) -> Cost:
    """Element by element through the output unit, commands and blocks of operands behind it."""
    return accounted(work, roof, p, elementwise_engine(work, roof, p), 1.0)


def ethos_u_softmax(work: Work, roof: Roof, p: EthosUSoftmax) -> Cost:
    """Exponentials, their sum and its reciprocal, and a product, as one."""
    seconds = (p.kernel_cycles + p.element_cycles * work.output_elements) / roof.clock_hz
    return Cost(0.0, 0.0, 0.0, 0.0, seconds, 0.0, seconds)


def accounted(work: Work, roof: Roof, p: EthosU, engine: Engine, streamed: float) -> Cost:
    """Whichever takes longest: the engine with its copies, or one of the memories; before it, a copy of the input.

    ``streamed`` is 1 where inputs pass once, element by element.
    """
    fast_maps, slow_maps = maps_moved(work, roof, p, 1.0, streamed), maps_moved(work, roof, p, 0.0, streamed)
    fast_weights, slow_weights = weights_moved(work, p, 1.0), weights_moved(work, p, 0.0)
    maps = max(busy_cycles(p, roof, 1.0, fast_maps), busy_cycles(p, roof, 0.0, slow_maps))
    weights = max(busy_cycles(p, roof, 1.0, fast_weights), busy_cycles(p, roof, 0.0, slow_weights))
    fast = busy_cycles(p, roof, 1.0, both(fast_maps, fast_weights))
    slow = busy_cycles(p, roof, 0.0, both(slow_maps, slow_weights))
    busy = max(p.copy_cycles, engine.cycles + p.copy_visible_cycles)
    return Cost(
        engine.padded_macs,
        engine.mac_cycles / roof.clock_hz,
        (maps + p.input_copy_cycles) / roof.clock_hz,
        weights / roof.clock_hz,
        engine.output_cycles / roof.clock_hz,
        (busy - engine.cycles) / roof.clock_hz,
        (max(busy, fast, slow) + p.input_copy_cycles) / roof.clock_hz,
    )
