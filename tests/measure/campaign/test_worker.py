"""The worker: a process that may die without taking the session with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from stairline.measure.campaign.process import Worker, WorkerError
from stairline.measure.runtimes.registry import LIBRARIES, backend
from tests.checkout import ROOT


def test_a_worker_that_is_killed_says_by_what_and_serves_again() -> None:
    network = {"backend": "tflite", "kind": "model", "name": "resnet_v1_50", "settings": {}, "dtype": "float32"}
    with Worker() as worker:
        request = {"duty": "describe", "backend": "onnxruntime", "threads": 1}
        worker.ask(**request)
        assert worker._process is not None
        victim = worker._process.pid
        threading.Timer(0.5, os.kill, (victim, signal.SIGABRT)).start()
        with pytest.raises(WorkerError, match="SIGABRT"):
            worker.ask(duty="build", directory="absent", **network)
        assert "conditions" in worker.ask(**request)


def test_a_worker_does_not_outlive_who_asks_it() -> None:
    code = (
        "import os, signal\nfrom stairline.measure.campaign.process import Worker\nw = Worker()\n"
        "w.ask(duty='describe', backend='onnxruntime', threads=1)\nprint(w._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    state = Path(f"/proc/{int(done.stdout)}/stat")
    for _ in range(100):
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_broken_model_file_is_a_failure_in_the_words_of_the_runtime(tmp_path: Path, name: str) -> None:
    broken = tmp_path / f"broken{backend(name).formats[0]}"
    broken.write_bytes(b"no model at all")
    with Worker() as worker, pytest.raises(WorkerError, match=r"Error: .{20}|InvalidProtobuf: .*broken"):
        worker.ask(duty="measure", backend=name, threads=1, path=str(broken))
