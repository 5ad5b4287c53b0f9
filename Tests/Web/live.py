"""`keel serve` in a folder of its own, and what is trained there meanwhile."""
from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional

from reports import CHECKOUT

COMMAND = os.environ.get("KEEL_COMMAND", str(CHECKOUT / ".build/release/keel"))
# An interpreter that has PyTorch.
TORCH = os.environ.get("KEEL_TORCH", sys.executable)

# A network that leaves within a few steps, watched as two lines say.
WATCHED = """
import time, torch, keel
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr={rate})
inputs = torch.randn(64, 8)
with keel.watch(model, optimizer) as watch:
    for step in range({steps}):
        optimizer.zero_grad()
        loss = watch.loss((model(inputs) - inputs.sum(1, keepdim=True)).pow(2).mean())
        loss.backward()
        optimizer.step()
        time.sleep({pause})
"""


class Live:
    """A folder with recipes, an archive, and a server of it that can be ended and begun again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._server: Optional[subprocess.Popen[str]] = None
        self._others: List[subprocess.Popen[bytes]] = []
        for recipe in (CHECKOUT / "Recipes").glob("*.yaml"):
            shutil.copy(recipe, folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def server(self) -> int:
        """Its process."""
        assert self._server is not None
        return self._server.pid

    def begin(self) -> None:
        self._server = subprocess.Popen(
            [COMMAND, "serve", "--port", str(self.port)], cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._server.stdout and self._server.stdout.readline().startswith("http://")

    def end(self) -> int:
        assert self._server is not None
        self._server.send_signal(signal.SIGINT)
        return self._server.wait(20)

    def keel(self, *words: str) -> None:
        """Runs the command to its end."""
        subprocess.run([COMMAND, *words, "--quiet"], cwd=self.folder, capture_output=True)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Runs the command meanwhile."""
        return self._start([COMMAND, *words, "--quiet"])

    def watch(self, rate: float, steps: int = 40, pause: float = 0.02) -> subprocess.Popen[bytes]:
        """Trains in PyTorch meanwhile."""
        program = self.folder / "train.py"
        program.write_text(WATCHED.format(rate=rate, steps=steps, pause=pause))
        return self._start([TORCH, "train.py"])

    def _start(self, words: List[str]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "Python")}
        process = subprocess.Popen(
            words, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self._others.append(process)
        return process

    def close(self) -> None:
        for process in self._others:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        if self._server is not None and self._server.poll() is None:
            self._server.kill()
            self._server.wait()


@contextmanager
def served(folder: Path) -> Iterator[Live]:
    live = Live(folder)
    live.begin()
    try:
        yield live
    finally:
        live.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def has_torch() -> bool:
    return subprocess.run([TORCH, "-c", "import torch"], capture_output=True).returncode == 0


def processor_seconds(process: int) -> float:
    """What a process has used of a core so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait(seconds: float) -> None:
    time.sleep(seconds)
