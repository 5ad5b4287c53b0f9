"""What becomes of a conversation whose other side has gone."""

import stat

import pytest

from keel import command
from keel.result import KeelError


class Talkative:
    def describe(self):
        return {"steps": 1, "engine": "x"}

    def trial(self, request):
        return iter(())


def test_a_command_that_ends_early_says_why(tmp_path, monkeypatch):
    script = tmp_path / "keel"
    script.write_text(
        "#!/bin/sh\nexec 0<&-\necho '{\"do\": \"describe\", \"keel\": 1}'\necho 'no memory' >&2\nexit 65\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("KEEL_COMMAND", str(script))
    with pytest.raises(KeelError, match="no memory"):
        command.ask(["cure"], Talkative(), progress=False)
