"""Marks of tests that ask the command, or need what may not be there."""

import pytest

import keel
from keel import command


def has_command() -> bool:
    try:
        return bool(command.path())
    except keel.KeelError:
        return False


needs_command = pytest.mark.skipif(not has_command(), reason="KEEL_COMMAND names no command")
