"""Rates with their 95 % intervals, and what was missed."""
from __future__ import annotations

import math
from collections import Counter
from typing import Any, Callable, Dict, List

Line = Dict[str, Any]
# A cure is as good as the twin where its skill is no further below.
NEAR = 0.1


def is_detected(line: Line) -> bool:
    return line.get("verdict") not in (None, "healthy")


def is_named(line: Line) -> bool:
    return bool(line.get("findings")) and line["findings"][0][0] in line["causes"]


def is_cured(line: Line) -> bool:
    return line.get("outcome") == "cured"


def is_near(line: Line) -> bool:
    skill = line.get("skill")
    return is_cured(line) and isinstance(skill, (int, float)) and skill >= line["twin"] - NEAR


def is_alarm(line: Line) -> bool:
    return line.get("outcome") != "healthy"


def rate(lines: List[Line], what: Callable[[Line], bool]) -> str:
    """Beside its interval by Wilson."""
    total, hits = len(lines), sum(map(what, lines))
    if not total:
        return "–"
    share, z = hits / total, 1.96
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / (1 + z * z / total)
    return (f"{hits} of {total}, {100 * share:.1f} % "
            f"({100 * (middle - half):.1f}–{100 * min(1, middle + half):.1f})")


def median(values: List[float]) -> str:
    ordered = sorted(v for v in values if isinstance(v, (int, float)))
    return f"{ordered[len(ordered) // 2]:.2f}" if ordered else "–"


def brief(line: Line) -> str:
    parts = [f"{line['group']}-{line['number']}", line.get("family", ""), line.get("kind") or "",
             "invalid" if line.get("invalid") else line.get("error") or line.get("outcome", ""),
             ",".join(f[0] for f in line.get("findings") or [])]
    return " ".join(part for part in parts if part)


def of(lines: List[Line]) -> str:
    valid = [line for line in lines if not line.get("invalid")]
    faults = [line for line in valid if line["group"] == "fault"]
    sound = [line for line in valid if line["group"] == "healthy"]
    rows = [
        ("faults detected", rate(faults, is_detected)),
        ("first cause right", rate(faults, is_named)),
        ("cured", rate(faults, is_cured)),
        (f"skill ≥ twin − {NEAR}", rate(faults, is_near)),
        ("of those called healthy, told what they miss",
         rate([f for f in faults if not is_detected(f)], lambda f: bool(f.get("couldReach")))),
        ("false alarms", rate(sound, is_alarm)),
        ("cost of a cure, in trainings of 1,000 steps", median([f.get("cost") for f in faults])),
        ("cost of a cure, in the case's own steps", median([f.get("costInOwn") for f in faults])),
        ("seconds of a cure", median([f.get("seconds") for f in faults])),
        ("seconds of a healthy one", median([s.get("seconds") for s in sound])),
        ("draws that came to nothing", str(len(lines) - len(valid))),
        ("architectures", str(len({line["family"] for line in valid if "family" in line}))),
        ("errors", str(sum("error" in line for line in valid))),
    ]
    text = ["| | |", "| --- | --- |"] + [f"| {name} | {value} |" for name, value in rows]
    text += ["", "| fault | draws | detected | first cause right | cured | near twin | named instead |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for kind in dict.fromkeys(line["kind"] for line in sorted(faults, key=lambda f: f["number"])
                              if "kind" in line):
        own = [line for line in faults if line.get("kind") == kind]
        instead = Counter(
            line["findings"][0][0] if line.get("findings") else "nothing"
            for line in own if not is_named(line))
        counts = [sum(map(what, own)) for what in (is_detected, is_named, is_cured, is_near)]
        text.append(f"| {kind} | {len(own)} | " + " | ".join(map(str, counts)) + " | "
                    + ", ".join(f"{name} {count}" for name, count in instead.most_common()) + " |")
    missed = [line for line in faults
              if not (is_detected(line) and is_named(line) and is_cured(line))]
    missed += [line for line in sound if is_alarm(line)]
    text += ["", f"## Missed: {len(missed)}", ""] + [f"- {brief(line)}" for line in missed]
    return "\n".join(text)
