"""Makes a virtual environment with PyTorch and Keras, where there is none yet.

    python3 Tests/Advice/environment.py FOLDER

A CPU build of PyTorch takes 190 MB; where pip would bring the one with CUDA, of 5.7 GB, that is said, and
nothing is installed where less than 15 GB are free: the exit code is then 3.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import venv

TORCH = "torch<2.14"


def main(folder):
    python = folder / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", "import torch, keras, numpy"], capture_output=True,
                                          env=os.environ | {"KERAS_BACKEND": "torch"}).returncode == 0:
        return
    venv.create(folder, with_pip=True, clear=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    report = subprocess.run(
        [*pip, "--dry-run", "--no-deps", "--report", "-", TORCH], capture_output=True, text=True, check=True)
    version = json.loads(report.stdout)["install"][0]["metadata"]["version"]
    if "+cpu" not in version and sys.platform.startswith("linux"):
        free = shutil.disk_usage(folder).free / 1e9
        print(f"pip has no CPU build of PyTorch at hand: {version} brings CUDA, 5.7 GB in all; {free:.0f} GB are free")
        if free < 15:
            print("nothing is installed below 15 GB")
            sys.exit(3)
    subprocess.run([*pip, TORCH, "keras>=3,<4", "numpy"], check=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
