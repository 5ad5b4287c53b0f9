"""Tries the wheel where there is no Swift: a bare Debian made by debootstrap, PyTorch, and the README.

    sudo python3 Python/root.py .build/dist/keel-….whl        (make test-wheel)

What the README says to type is typed: `pip install` of the wheel, and its first Python script. Prints how
long that took, and the page.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ROOT = CHECKOUT / ".build" / "root"
PACKAGES = "python3,python3-venv,ca-certificates"
TORCH = ("torch<2.14", "numpy")


def main(wheel: Path) -> int:
    if not (ROOT / "bin").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", ROOT], check=True)
    here = ROOT / "root"
    shutil.copy(wheel, here)
    (here / "train.py").write_text(script())
    if not (here / "venv").exists():
        # The root knows no index of packages: what pip finds here is carried in.
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--dest", here / "wheels", *TORCH],
            check=True)
        inside("python3 -m venv venv && venv/bin/pip install --quiet --no-index --find-links wheels "
               "torch numpy")
    inside("! command -v swift")
    # Where a program lies is asked there, and what is linked to it is looked for beside it.
    subprocess.run(["mount", "-t", "proc", "proc", ROOT / "proc"], check=True)
    try:
        begin = time.monotonic()
        inside(f"venv/bin/pip install --quiet --no-index --force-reinstall {wheel.name}")
        inside("venv/bin/python train.py")
        print(f"from pip install to the cause: {time.monotonic() - begin:.0f} s")
    finally:
        subprocess.run(["umount", ROOT / "proc"], check=True)
    return 0


def script() -> str:
    """The first one of the README that imports torch."""
    text = (CHECKOUT / "README.md").read_text()
    begin = text.index("import keel, torch")
    return text[begin:text.index("```", begin)]


def inside(command: str) -> None:
    subprocess.run(["chroot", ROOT, "sh", "-c", f"cd /root && {command}"], check=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
