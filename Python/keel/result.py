"""What a diagnosis or a cure comes to."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional


class KeelError(Exception):
    """What is wrong, where, and what would fix it."""


@dataclass(frozen=True)
class Finding:
    """A cause at work: its name, how sure that is, and where."""

    cause: str
    confidence: float
    kind: str
    where: Optional[str] = None


@dataclass(frozen=True)
class Change:
    """A setting that was changed, from what to what."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Result:
    """A case: what happened, why, and what cures it.

    ``outcome`` is ``healthy``, ``cured``, ``incurable`` or ``interrupted`` of a cure, and the verdict
    (``healthy``, ``exploding``, ``vanishing``, ``stalled``) of a diagnosis.
    """

    outcome: str
    findings: List[Finding]
    changes: List[Change]
    lines: List[str]
    """What to paste into the script that was cured."""
    page: str
    """The same for people, as the command prints it."""
    data: Dict[str, Any] = field(repr=False)
    """Everything, as ``keel cure --json`` prints it."""

    def __str__(self) -> str:
        return self.page

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(finding.cause)}</td><td>{html.escape(finding.kind)}</td>"
            f"<td>{finding.confidence:.0%}</td><td>{html.escape(finding.where or '')}</td></tr>"
            for finding in self.findings
        )
        table = (
            "<table><tr><th>cause</th><th>kind</th><th>right</th><th>where</th></tr>"
            f"{rows}</table>"
            if rows
            else ""
        )
        lines = f"<pre>{html.escape(chr(10).join(self.lines))}</pre>" if self.lines else ""
        return f"<p><b>{html.escape(self.outcome)}</b></p>{table}{lines}"


def read(data: Dict[str, Any], page: str, framework: str) -> Result:
    """A result out of what the command says."""
    remedies = data.get("remedies") or []
    findings = [
        Finding(
            finding["cause"], float(finding["confidence"]), finding["kind"], finding.get("where")
        )
        for finding in data.get("findings") or []
    ]
    changes = [
        Change(change["path"], change.get("from"), change.get("to"))
        for remedy in remedies
        for change in remedy["changes"]
    ]
    lines = [
        line for remedy in remedies for line in (remedy.get("lines") or {}).get(framework, [])
    ]
    return Result(
        data.get("outcome") or data["verdict"], findings, changes, lines, page.strip(), data
    )
