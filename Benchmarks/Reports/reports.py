#!/usr/bin/env python3
"""Public reports of sick trainings, re-expressed: what Keel says beside what was established.

    reports.py                    every report through keel.cure, as a table (--into README.md)
    reports.py --only siamese     those whose name has this in it; one alone with its page
    reports.py --plain            a plain loop instead: that each is sick, and mended by its mend
    reports.py --logs FOLDER      the losses of that loop, as CSV
"""
from __future__ import annotations

import argparse
import csv
import importlib
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, List, Optional, Tuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "cases"), str(HERE.parent.parent / "Python")]
os.environ.setdefault("KERAS_BACKEND", "torch")

import torch  # noqa: E402

import plain  # noqa: E402

# That the plain loop is run on.
SEEDS = 4


@dataclass(frozen=True)
class Case:
    """A script, and what its doc string says of the report."""

    name: str
    script: ModuleType
    title: str
    address: str
    established: str

    @staticmethod
    def named(name: str) -> "Case":
        script = importlib.import_module(name)
        paragraphs = (script.__doc__ or "").split("\n\n")
        text = " ".join(" ".join(part for part in paragraphs if "Report:" in part).split())
        found = re.search(r"Report: (.*), (https://\S+) Established: (.*)", text)
        assert found, f"{name}: no report in its doc string"
        return Case(name, script, *found.groups())

    @property
    def framework(self) -> str:
        return "PyTorch" if hasattr(self.script, "optimizer") else "Keras"


@dataclass(frozen=True)
class Answer:
    """What Keel says of a case."""

    outcome: str
    verdict: str
    first: Optional[str]
    kind: str
    changes: List[str]
    page: str
    seconds: float


def asked(case: Case) -> Answer:
    import keel

    begin = time.monotonic()
    try:
        result = keel.cure(**plain.parts(case.script), steps=case.script.STEPS, progress=False)
    except keel.KeelError as error:
        return Answer("error", "error", None, "", [], str(error), time.monotonic() - begin)
    first = result.findings[0] if result.findings else None
    changes = [f"{change.path} {short(change.before)} → {short(change.after)}"
               for change in result.changes]
    return Answer(
        result.outcome, result.data["before"]["verdict"], first and first.cause,
        first.kind if first else "", changes, result.page, time.monotonic() - begin)


def short(value: Any) -> str:
    """A setting as it stands in the table: its name, and its number where it has only one."""
    if isinstance(value, dict) and value:
        name, inner = next(iter(value.items()))
        return name if isinstance(inner, dict) and len(inner) != 1 else f"{name} {short(inner)}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def is_right(case: Case, answer: Answer) -> bool:
    return answer.first in case.script.CAUSES


def row(case: Case, answer: Answer) -> str:
    """A line of the table."""
    kind = "" if answer.kind in ("", "cause") else f" ({answer.kind})"
    cells = [
        f"`{case.name}` ({case.framework}): [{case.title}]({case.address})",
        case.established.rstrip("."), f"{answer.verdict}, {answer.outcome}",
        f"{answer.first or 'none'}{kind}", "; ".join(answer.changes) or "–",
        "yes" if is_right(case, answer) else "no"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


HEAD = ("| report | what was established | verdict, outcome | first cause | changes | right |\n"
        "| --- | --- | --- | --- | --- | --- |")
SPACE = re.compile(r"(<!-- table -->\n).*(<!-- end -->)", re.DOTALL)


def table(results: List[Tuple[Case, Answer]]) -> str:
    def count(what: List[bool]) -> str:
        return f"{sum(what)} of {len(results)}"

    lines = [HEAD] + [row(case, answer) for case, answer in results]
    lines += ["", "Called sick " + count([a.verdict not in ("healthy", "error") for _, a in results])
              + ", the first cause right "
              + count([is_right(c, a) for c, a in results])
              + ", cured " + count([a.outcome == "cured" for _, a in results]) + "."]
    return "\n".join(lines)


def checked(case: Case, logs: Optional[str]) -> str:
    """What a plain loop makes of a case, and of its mend."""
    pairs = [(plain.losses(case.script, seed=seed), plain.losses(case.script, True, seed))
             for seed in range(SEEDS)]
    if logs:
        with (Path(logs) / f"{case.name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("step", "loss"), *enumerate(pairs[0][0])])
    sick = sum(plain.is_sick(case.script, seen, mended) for seen, mended in pairs)
    healed = sum(plain.is_mended(mended) for _, mended in pairs)
    told = [f"{seen[0]:.4g} → {plain.end(seen):.4g} in {len(seen)} steps" for seen in pairs[0]]
    return (f"{case.name:20} sick on {sick} of {SEEDS} seeds ({told[0]}), "
            f"mended on {healed} ({told[1]})")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default="", help="those whose name has this in it")
    parser.add_argument("--plain", action="store_true", help="a plain loop in place of Keel")
    parser.add_argument("--logs", help="a folder for the losses of the plain loop")
    parser.add_argument("--into", help="a file whose table is written anew")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = sorted(path.stem for path in (HERE / "cases").glob("*.py"))
    cases = [Case.named(name) for name in names if options.only in name]
    if options.logs:
        Path(options.logs).mkdir(parents=True, exist_ok=True)
    results: List[Tuple[Case, Answer]] = []
    for case in cases:
        if options.plain or options.logs:
            print(checked(case, options.logs), flush=True)
            continue
        answer = asked(case)
        results.append((case, answer))
        print(f"{case.name} {answer.seconds:.0f} s: {answer.first}", file=sys.stderr, flush=True)
        if len(cases) == 1:
            print(answer.page)
    if results:
        print(table(results))
    if results and options.into:
        file = Path(options.into)
        file.write_text(SPACE.sub(lambda found: found[1] + table(results) + "\n" + found[2],
                                  file.read_text()))


if __name__ == "__main__":
    main()
