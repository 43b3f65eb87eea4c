"""Released parents of overlays, by their digests of schema 1. Written by ``benchmarks/restamp.py``."""

from __future__ import annotations

RELEASED_PARENTS: dict[str, str] = {
    "bee41d586c9c5336": "dfb8ce62f62cc8b2",  # coral-edgetpu-tflite
    "648f23ee03af3f9b": "29d728971c998e81",  # coral-host-cpu-tflite
    "ee70ade9087dfb07": "7bc70ef94036081b",  # ethos-u55-128-vela5.2
    "61e10753cb13cde6": "59620feb46812bae",  # ethos-u85-256-vela5.2
    "0cb2bda6affae5df": "606da3a21a218d75",  # k210-kpu-nncase0.2
    "d8405f8f5af20f6b": "9c2b9157f7d55303",  # k210-rv64-nncase0.2
    "a17503a78df560ca": "074ec6b6e1f49e63",  # mi9-adreno640-tflite2.1
    "b2ed96f22fce30b5": "0bea4797c4e1611b",  # mi9-cortexa76-tflite2.1
    "08b66fa6b7a38fea": "d1085171e10c2189",  # ncs2-myriadx-openvino2019r2
    "902026ae01bcfe53": "79c90ca669dff5a6",  # pixel3xl-adreno630-tflite2.1
    "61cb0a6a7a40d33a": "df743cda4fa203df",  # pixel3xl-hexagon685-snpe1.30
    "0f5811c1309c043c": "3b9b0f296f8a62aa",  # pixel4-adreno640-tflite2.10
    "0250144cea37ddbd": "9b30bddaff5170d8",  # pixel4-cortexa76-tflite2.1
    "4af3f6b53ad0943c": "048f5c435a1d9815",  # rk3399pro-npu-rknn1.2.1
    "35dce5ea1e9337b4": "da089c60dad8a651",  # x86-builtin-litert
    "7acc91cdcc893813": "19b6731fa597b9eb",  # x86-onnxruntime
    "4074e707ce77cf5a": "b2acf374b1764a49",  # x86-openvino
    "f118da25d6d97fb8": "fb6085016c5f7521",  # x86-xnnpack-litert
}
"""Digests of released files' bytes, as overlays of schema 1 state them, and the digests of the values in the files."""
