"""Writes the runs that TrackioProjectTests reads: make_trackio.py trackio.sql (trackio 0.43.0)."""

import os
import sqlite3
import sys
import tempfile

folder = tempfile.mkdtemp()
os.environ["TRACKIO_DIR"] = folder
import trackio  # noqa: E402  (reads TRACKIO_DIR when it is imported)

trackio.init(project="moons", name="too fast", config={"lr": 3.0, "optimizer": "sgd"})
for step in range(40):
    loss = 2.0 * 4.0**step if step < 30 else float("inf") if step < 33 else float("nan")
    trackio.log({
        "train/loss": loss, "train/grad_norm": 3 * loss, "lr": 3.0, "note": "a: NaN",
        "val": {"loss": 1.0}
    })
trackio.finish()
trackio.init(project="moons", name="sound", config={"lr": 0.1, "optimizer": "sgd"})
for step in range(0, 200, 10):
    trackio.log({"loss": 2.0 * 0.9 ** (step / 10), "learning_rate": 0.1}, step=step)
trackio.finish()

wanted = ("metrics", "configs")
with open(sys.argv[1], "w", encoding="utf-8") as file:
    for line in sqlite3.connect(f"{folder}/moons.db").iterdump():
        if any(f"TABLE {name}" in line or f'INTO "{name}"' in line for name in wanted):
            file.write(line + "\n")
