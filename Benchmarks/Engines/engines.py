#!/usr/bin/env python3
"""Small PyTorch trainings, sound and spoiled, and what keel.cure makes of them.

    engines.py --seeds C --faults 150 --healthy 300 --workers 2

One line a draw goes to --out (C.jsonl), and a run that was interrupted goes on from there.
"""
from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Dict, Tuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "Python")]

import torch  # noqa: E402

import table  # noqa: E402
from draw import Draw, faulty, healthy  # noqa: E402

Job = Tuple[str, str, int]


def start() -> None:
    torch.set_num_threads(1)


def described(draw: Draw) -> Dict[str, Any]:
    case = draw.case
    return {
        "family": case.name, "kind": draw.kind, "causes": draw.causes, "attempts": draw.attempts,
        "optimizer": case.optimizer_name, "rate": case.rate, "steps": case.steps,
        "settings": {k: v for k, v in case.settings.items()}, "loss": case.loss_name,
        "twin": 1 - draw.left,
    }


def judged(draw: Draw) -> Dict[str, Any]:
    import keel

    case = draw.case
    result = keel.cure(
        case.model, case.data, case.loss, case.optimizer, steps=case.steps, schedule=case.schedule,
        clip=case.clip, progress=False)
    data = result.data
    after = data.get("after") or {}
    return {
        "outcome": result.outcome, "verdict": data["before"]["verdict"],
        "findings": [[f.cause, f.kind, round(f.confidence, 3)] for f in result.findings],
        "remedies": [remedy["remedy"] for remedy in data.get("remedies") or []],
        "changes": [[c.path, c.before, c.after] for c in result.changes],
        "skillBefore": data["before"].get("skill"), "skill": after.get("skill"),
        "lossAfter": after.get("loss"), "couldReach": data.get("couldReach"),
        "cost": data["cost"]["relativeToOneTraining"],
        "costInOwn": data["cost"]["steps"] / case.steps,
    }


def work(job: Job) -> Dict[str, Any]:
    seeds, group, number = job
    line: Dict[str, Any] = {"group": group, "number": number}
    begin = time.monotonic()
    try:
        draw = (faulty if group == "fault" else healthy)(seeds, number)
        line["drawSeconds"] = round(time.monotonic() - begin, 2)
        if draw is None:
            return {**line, "invalid": True}
        line.update(described(draw))
        begin = time.monotonic()
        line.update(judged(draw))
    except Exception as error:  # A line in the table, and the others go on.
        line["error"] = f"{type(error).__name__}: {error}"
        line["trace"] = traceback.format_exc()[-2000:]
    line["seconds"] = round(time.monotonic() - begin, 2)
    return line


def show(seeds: str, group: str, number: int) -> None:
    """One draw alone, with its page."""
    import keel

    draw = (faulty if group == "fault" else healthy)(seeds, number)
    print(json.dumps(described(draw)) if draw else "no valid draw")
    if draw:
        case = draw.case
        result = keel.cure(
            case.model, case.data, case.loss, case.optimizer, steps=case.steps,
            schedule=case.schedule, clip=case.clip, progress=False)
        print(result.page)
        if os.environ.get("KEEL_JSON"):
            print(json.dumps(result.data, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="C", help="C was fitted on, D was not")
    parser.add_argument("--faults", type=int, default=150)
    parser.add_argument("--healthy", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", help="a folder; .build/engines")
    parser.add_argument("--only", help="one draw with its page: fault-17, healthy-4")
    parser.add_argument("--report", action="store_true", help="the table of what is there")
    options = parser.parse_args()
    start()
    if options.only:
        group, number = options.only.rsplit("-", 1)
        return show(options.seeds, group, int(number))
    folder = Path(options.out or HERE.parent.parent / ".build" / "engines")
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / f"{options.seeds}.jsonl"
    known = [json.loads(line) for line in ledger.read_text().splitlines()] if ledger.exists() else []
    if not options.report:
        # What an error ended is tried once more.
        known = [line for line in known if "error" not in line]
        ledger.write_text("".join(json.dumps(line) + "\n" for line in known))
    done = {(line["group"], line["number"]) for line in known}
    jobs = [(options.seeds, group, number)
            for group, count in (("fault", options.faults), ("healthy", options.healthy))
            for number in range(count) if (group, number) not in done]
    # What is there after a while tells of both.
    jobs.sort(key=lambda job: job[2] / (options.faults if job[1] == "fault" else options.healthy))
    if not options.report and jobs:
        pool = multiprocessing.get_context("spawn").Pool(options.workers, start)
        with pool, ledger.open("a") as file:
            for count, line in enumerate(pool.imap_unordered(work, jobs), 1):
                file.write(json.dumps(line) + "\n")
                file.flush()
                known.append(line)
                print(f"{count}/{len(jobs)} {table.brief(line)}", file=sys.stderr, flush=True)
    print(table.of(known))


if __name__ == "__main__":
    main()
