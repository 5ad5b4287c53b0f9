#!/usr/bin/env python3
"""What `keel serve` costs, and what it withstands.

    KEEL_COMMAND=.build/release/keel python3 Benchmarks/Serving/serving.py        (make serving)

- many: thirty trainings at once, and the share of a core that the server takes with a page open.
- long: a training of a million steps, and how soon its page is there.
- step: what a page that is open adds to a training: the same training with and without, in turn.
- fuzz: requests that were spoiled at random, for so many minutes under load: whether the server is
  still there, answers in time, and has let go of memory and files.
"""
from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, Dict, List

CHECKOUT = Path(__file__).resolve().parent.parent.parent
KEEL = os.environ.get("KEEL_COMMAND", str(CHECKOUT / ".build/release/keel"))

TRAINING = """
data: {{spirals: {{samples: 300, test: 0.2}}}}
model: [{{dense: {width}}}, tanh, {{dense: {width}}}, tanh, {{dense: 3}}]
initializer: xavier
loss: softmax-cross-entropy
optimizer: {{sgd: {{learning-rate: 0.01}}}}
training: {{epochs: 100000000, batch: {batch}, max-steps: {steps}}}
"""


class Server:
    """A server of a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [KEEL, "serve", "--port", "0", "--quiet"], cwd=folder, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline().rsplit(":", 1)[1].strip("/\n"))

    def get(self, uri: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as one:
            one.sendall(f"GET {uri} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            parts = []
            while part := one.recv(1 << 16):
                parts.append(part)
        return b"".join(parts)

    def follow(self, uri: str) -> socket.socket:
        """A page that is open, read for as long as it lasts."""
        one = socket.create_connection(("127.0.0.1", self.port))
        one.sendall(f"GET {uri} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

        def read() -> None:
            try:
                while one.recv(1 << 16):
                    pass
            except OSError:
                pass

        threading.Thread(target=read, daemon=True).start()
        return one

    @property
    def is_there(self) -> bool:
        return self._process.poll() is None

    @property
    def seconds(self) -> float:
        """Of a core, so far."""
        fields = self._stat("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        line = next(x for x in self._stat("status").splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    @property
    def files(self) -> int:
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    def _stat(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()

    def end(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(20)


def train(folder: Path, name: str, steps: int, width: int = 16, batch: int = 32,
          *more: str) -> subprocess.Popen[bytes]:
    (folder / f"{name}.yaml").write_text(
        TRAINING.format(width=width, steps=steps, batch=batch).lstrip())
    return subprocess.Popen(
        [KEEL, "train", f"{name}.yaml", "--quiet", "--threads", "1", *more], cwd=folder,
        stdout=subprocess.PIPE if more else subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def newest(folder: Path) -> str:
    out = subprocess.run([KEEL, "runs", "list", "--json"], cwd=folder, capture_output=True)
    return str(json.loads(out.stdout)["runs"][0]["run"])


def many(options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trainings = [train(folder, f"run-{n}", 10 ** 9) for n in range(30)]
        server = Server(folder)
        page = server.follow("/events")
        time.sleep(10)
        before, began = server.seconds, time.monotonic()
        waits = []
        while time.monotonic() - began < 30:
            asked = time.monotonic()
            rows = server.get("/").count(b"<tr>") - 1
            waits.append(time.monotonic() - asked)
            time.sleep(1)
        share = (server.seconds - before) / (time.monotonic() - began)
        for one in trainings:
            one.kill()
            one.wait()
        page.close()
        server.end()
    print(f"many   {rows} runs; {100 * share:.1f} % of a core; page in {max(waits):.2f} s at the most")
    return rows == 30 and share < 0.10


def long(options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train(folder, "long", 1_000_000, width=4, batch=8).wait()
        server, run = Server(folder), newest(folder)
        began = time.monotonic()
        page = server.get(f"/run?id={run}")
        first = time.monotonic() - began
        server.end()
    has = page.count(b"<svg")
    print(f"long   1,000,000 steps: {has} pictures in {first:.2f} s, {len(page) // 1000} kB")
    return has >= 3 and first < 1


def step(options: argparse.Namespace) -> bool:
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def timed(is_served: bool) -> float:
            server = Server(folder) if is_served else None
            pages = [server.follow("/events")] if server else []
            process = train(folder, "step", 60_000, 64, 64, "--json")
            time.sleep(0.5)
            run = newest(folder)
            if server:
                pages.append(server.follow(f"/events?id={run}"))
            assert process.stdout
            seconds = float(json.loads(process.stdout.read())["seconds"])
            process.wait()
            for page in pages:
                page.close()
            if server:
                server.end()
            return seconds

        timed(False)
        for pair in range(options.pairs):
            order = (True, False) if pair % 2 else (False, True)
            times = {is_served: timed(is_served) for is_served in order}
            ratios.append(times[True] / times[False])
    middle = statistics.median(ratios)
    print(f"step   with a page open over without: {middle:.3f} in the middle of {options.pairs} "
          f"pairs, {min(ratios):.3f} to {max(ratios):.3f}")
    return middle < 1.02


GOOD = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /style.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"HEAD /run?id=0123456789abcdef HTTP/1.1\r\nHost: [::1]:80\r\nOrigin: http://[::1]:80\r\n\r\n",
    b"GET /events?run=0123&run=4567 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /compare?run=0123 HTTP/1.0\r\nHost: localhost\r\nCookie: keel-1=abc; a=b\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET /?token=0123456789abcdef HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: none\r\n\r\n",
]
WORDS = [b"\r\n", b"\r\n\r\n", b"\0", b"%00", b"../", b"Host: x\r\n", b"Content-Length: 9999999999\r\n",
         b"Transfer-Encoding: chunked\r\n", b"HTTP/2.0", b"\xff\xfe", b"A" * 5000, b"A" * 20000, b"?&=",
         b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"Expect: 100-continue\r\n", b" ", b"\t", b":"]


def spoiled(luck: random.Random) -> bytes:
    text = bytearray(b"".join(luck.choices(GOOD, k=luck.choice([1, 1, 1, 2, 5]))))
    for _ in range(luck.choice([0, 1, 2, 4, 16])):
        place = luck.randrange(len(text) + 1)
        kind = luck.randrange(5)
        if kind == 0 and text:
            text[place % len(text)] = luck.randrange(256)
        elif kind == 1:
            text[place:place] = luck.choice(WORDS)
        elif kind == 2:
            del text[place:place + luck.randrange(1, 20)]
        elif kind == 3:
            text = text[:place]
        else:
            text[place:place] = text[:luck.randrange(len(text) + 1)]
        if not text:
            break
    return bytes(text)


def fuzz(options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training = train(folder, "load", 10 ** 9)
        server = Server(folder)
        time.sleep(3)
        server.get("/")
        files, size = server.files, server.megabytes
        pages = [server.follow("/events") for _ in range(20)]
        stop = threading.Event()
        counts: Dict[str, int] = {}
        lock = threading.Lock()

        def attack(seed: int) -> None:
            luck = random.Random(seed)
            while not stop.is_set():
                answer = b""
                try:
                    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as one:
                        one.settimeout(luck.choice([0.001, 0.02, 0.3]))
                        one.sendall(spoiled(luck))
                        if luck.random() < 0.2:
                            one.shutdown(socket.SHUT_WR)
                        answer = one.recv(1 << 12)
                except OSError:
                    pass
                status = answer[9:12].decode("latin1") or "none"
                with lock:
                    counts[status] = counts.get(status, 0) + 1

        for seed in range(6):
            threading.Thread(target=attack, args=(options.seed + seed,), daemon=True).start()
        served = pages_asked = 0
        end, slowest = time.monotonic() + 60 * options.minutes, 0.0
        while time.monotonic() < end and server.is_there:
            asked = time.monotonic()
            try:
                served += server.get("/").startswith(b"HTTP/1.1 200")
                slowest = max(slowest, time.monotonic() - asked)
            except OSError:
                pass
            pages_asked += 1
            time.sleep(2)
        stop.set()
        for page in pages:
            page.close()
        # Heads that never came are waited for for fifteen seconds.
        time.sleep(20)
        is_there, left, grown = server.is_there, server.files - files, server.megabytes - size
        training.kill()
        training.wait()
        code = server.end()
    total = sum(counts.values())
    print(f"fuzz   {total:,} requests in {options.minutes:g} minutes: "
          + ", ".join(f"{status} {count:,}" for status, count in sorted(counts.items())))
    print(f"       {served} of {pages_asked} pages between them served, the slowest in {slowest:.2f} s; afterwards {left:+d} files, "
          f"{grown:+.0f} MB; ended with {code}")
    return is_there and left <= 2 and grown < 100 and slowest < 5 and code == 130 and served == pages_asked


PARTS: Dict[str, Callable[[argparse.Namespace], bool]] = {
    "many": many, "long": long, "step": step, "fuzz": fuzz}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    held: List[bool] = []
    for part in options.parts or list(PARTS):
        if part not in PARTS:
            parser.error(f"no part is called {part}")
        held.append(PARTS[part](options))
        sys.stdout.flush()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
