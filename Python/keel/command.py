"""Where the ``keel`` command is, and a conversation with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, Tuple

from keel.engines.protocol import Engine, serve
from keel.result import KeelError


def path() -> str:
    """The command: ``KEEL_COMMAND``, the one in this package, or the one in ``PATH``."""
    named = os.environ.get("KEEL_COMMAND")
    bundled = Path(__file__).parent / "bin" / "keel"
    for candidate in (named, str(bundled) if bundled.exists() else None, shutil.which("keel")):
        if candidate:
            return candidate
    raise KeelError(
        "keel: the command is not there; install the wheel that carries it, put it into PATH, "
        "or name it in KEEL_COMMAND"
    )


def ask(
    arguments: List[str], engine: Engine, progress: bool
) -> Tuple[Dict[str, Any], str]:
    """Runs the command with this process as its engine: its result, and its page."""
    # A terminal would break lines inside words; a notebook, and a file, break none.
    columns = shutil.get_terminal_size().columns if sys.stderr.isatty() else None
    process = subprocess.Popen(
        [path(), *arguments, "--engine", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": str(columns)} if columns else None,
        # Ctrl-C is for this process to hear: the command ends when its pipe closes.
        start_new_session=True,
    )
    heard: List[str] = []

    def listen() -> None:
        # Through sys.stderr, which a notebook shows.
        for line in process.stderr or []:
            heard.append(line)
            if progress:
                sys.stderr.write(line)
                sys.stderr.flush()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert process.stdin and process.stdout
    try:
        result = serve(engine, process.stdout, process.stdin)
    except BrokenPipeError:
        result = None
    except BaseException:
        process.kill()
        raise
    finally:
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass  # It has ended, and its page says why.
        code = process.wait()
        listener.join(timeout=5)
    page = "".join(heard)
    if result is None:
        raise KeelError(page.strip() or f"keel: ended with code {code}")
    return result, page


def main() -> None:
    """The command, as ``pip install`` puts it into ``PATH``."""
    bundled = Path(__file__).parent / "bin" / "keel"
    # The one in PATH may be this script.
    command = str(bundled) if bundled.exists() else os.environ.get("KEEL_COMMAND")
    if not command:
        sys.exit("keel: this wheel carries no command; name it in KEEL_COMMAND")
    os.execv(command, [command, *sys.argv[1:]])
