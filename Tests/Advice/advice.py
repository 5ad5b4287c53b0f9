"""Runs sick trainings in PyTorch and Keras, as they are and with the lines that Keel gives for them.

    KERAS_BACKEND=torch python Tests/Advice/advice.py --keel KEEL --advice ADVICE [NAME …]

A training is sick that is not finite at the end, or predicts rows that it has not seen no better than
their mean or most frequent class does. Every case has to be sick first, and healthy with the lines pasted
where their comments say; so has the block of the remedy's guide. The exit code is 1 where one is not.
"""

import argparse
import csv
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import types

os.environ.setdefault("KERAS_BACKEND", "torch")
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cases import CASES, DATA, GUIDES, STYLES  # noqa: E402
from scripts import keras_script, torch_script  # noqa: E402

SCRIPTS = {"pytorch": torch_script, "keras": keras_script}

# What the comments over the lines say, and where that is in a script: a pattern of the statement that they
# go before, after or in place of.
PLACES = {
    "pytorch": {
        "# once x_train, y_train, x_test and y_test are there:": ("before", r"^batch_size = .*\n"),
        "# once model is there, before model.to(device) and the optimizer:": ("before", r"^criterion = .*\n"),
        "# in place of the loss:": ("replace", r"^criterion = .*\n"),
        "# in place of the optimizer:": ("replace", r"^optimizer = .*\n"),
        "# once optimizer is there:": ("after", r"^optimizer = .*\n"),
        "# in place of the schedule:": ("replace", r"^scheduler = .*\n"),
        "# before the loop:": ("before", r"^for epoch .*\n"),
        "# before loss.backward():": ("before", r"^ +loss\.backward\(\)\n"),
        "# between loss.backward() and optimizer.step():": ("before", r"^ +optimizer\.step\(\)\n"),
        "# in place of optimizer.step():": ("replace", r"^ +optimizer\.step\(\)\n"),
        "# after optimizer.step():": ("after", r"^ +optimizer\.step\(\)\n"),
    },
    "keras": {
        "# once x_train, y_train, x_test and y_test are there:": ("before", r"^batch_size = .*\n"),
        "# once model is there, before model.compile:": ("before", r"^loss = .*\n"),
        "# in place of the loss:": ("replace", r"^loss = .*\n"),
        "# in place of the optimizer:": ("replace", r"^optimizer = .*\n"),
        "# once optimizer is there:": ("after", r"^optimizer = .*\n"),
        "# before model.fit:": ("before", r"^model\.fit.*\n"),
    },
}


# What a comment asks for, and the pattern of what goes then.
BY_HAND = {
    "delete the line that adds": r"^ +loss = loss \+ .*\n",
    "delete the clip": r"^ +torch\.nn\.utils\.clip_grad.*\n",
    "leave a LearningRateScheduler out": r"keras\.callbacks\.LearningRateScheduler\(.*\)(?=\])",
}


def pasted(script, lines, framework):
    """The script with lines under each comment put where it says."""
    places = PLACES[framework]
    parts, place = [], None
    for line in lines:
        if line in places:
            place = line
            parts.append((place, []))
        elif place is not None:
            parts[-1][1].append(line)
        elif not line.startswith("#"):
            raise ValueError(f"no place is said for '{line}'")
    for place, body in parts:
        how, pattern = places[place]
        found = re.search(pattern, script, re.MULTILINE)
        if found is None:
            raise ValueError(f"the script has no place for '{place}'")
        indent = re.match(r" *", found.group()).group()
        text = "".join(f"{indent}{line}\n" for line in body)
        # What is to be done by hand.
        for said, written in BY_HAND.items():
            if any(f"by hand: {said}" in line for line in body):
                script = re.sub(written, "", script, flags=re.MULTILINE)
        found = re.search(pattern, script, re.MULTILINE)
        kept = {"before": text + found.group(), "after": found.group() + text, "replace": text}[how]
        script = script[: found.start()] + kept + script[found.end():]
    # 'for model.fit(…, callbacks=[warmup])'
    if "callbacks=[warmup]" in script:
        script = script.replace("callbacks=[])", "callbacks=[warmup])")
    return script


def reader(folder, data):
    """What 'rows()' gives in a script: the arrays of a file, the last fifth for testing."""
    import numpy as np

    with open(folder / f"{data}.csv") as file:
        table = list(csv.reader(file))[1:]
    x = np.array([[float(v) for v in row[:-1]] for row in table], dtype=np.float32)
    last = [row[-1] for row in table]
    names = sorted(set(last))
    if names[0].isalpha():
        y = np.array([names.index(v) for v in last], dtype=np.int64)
    else:
        y = np.array([[float(v)] for v in last], dtype=np.float32)
    n = len(table) * 4 // 5
    return lambda: (x[:n].copy(), y[:n].copy(), x[n:].copy(), y[n:].copy())


def skill(script, rows, framework):
    """How much better than the mean, or the most frequent class, the model is at the end; −inf where it is
    not finite."""
    import numpy as np
    import torch

    torch.manual_seed(0)
    module = sys.modules["script"] = types.ModuleType("script")  # where a pickled model finds its classes
    scope = module.__dict__
    scope["rows"] = rows
    if framework == "keras":
        import keras

        keras.utils.set_random_seed(0)
    exec(compile(script, "script", "exec"), scope)
    model, x, y = scope["model"], scope["x_test"], scope["y_test"]
    if framework == "pytorch":
        torch.save(model, io.BytesIO())
        model.eval()
        with torch.no_grad():
            predicted = model(x).numpy()
        y = y.numpy()
    else:
        predicted = model.predict(x, verbose=0)
    if not np.isfinite(predicted).all():
        return float("-inf")
    if y.dtype == np.int64:
        most = np.bincount(y).max() / len(y)
        return (float((predicted.argmax(1) == y).mean()) - most) / (1 - most)
    y = y.astype(np.float64)
    return 1 - float(((predicted - y) ** 2).sum() / ((y - y.mean(0)) ** 2).sum())


def guide_lines(remedy, framework):
    """The lines of the block of a remedy's guide; none where it has none."""
    name = "".join(part.capitalize() for part in remedy.split("-"))
    text = (HERE.parent.parent / "Guides" / "Remedies" / f"{name}.md").read_text()
    title = {"pytorch": "PyTorch", "keras": "Keras"}[framework]
    found = re.search(rf"In {title}(?:(?!```).)*?:\n\n```python\n(.*?)```", text, re.DOTALL)
    if found is None:
        raise ValueError(f"the guide of {remedy} has no block for {title}")
    return found.group(1).splitlines()


# What acts on no recipe is pasted and run by Python/tests/test_advice.py.
OF_ENGINES = {"scale-loss", "average-loss", "bound-exponent"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keel", required=True, help="the keel command")
    parser.add_argument("--advice", required=True, help="the command that gives a remedy's lines")
    parser.add_argument("--framework", choices=["pytorch", "keras"])
    parser.add_argument("--show", action="store_true", help="print the lines, and a script that fails")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # numbers that have vanished take PyTorch a hundred times as long
    frameworks = [options.framework] if options.framework else ["pytorch", "keras"]
    guides = {remedy.split(",")[-1]: name for name, (remedy, _) in reversed(CASES.items())} | GUIDES
    failures, counts = [], dict.fromkeys(frameworks, 0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for data, (make, _) in DATA.items():
            make(folder / f"{data}.csv")
        for name, (remedy, recipe) in CASES.items():
            if options.names and name not in options.names:
                continue
            path = folder / f"{name}.yaml"
            path.write_text(json.dumps({"name": name, **recipe}))
            whole = json.loads(subprocess.check_output([options.keel, "show", path, "--json"]))
            answer = subprocess.run([options.advice, path, "--remedy", remedy], capture_output=True, text=True)
            if answer.returncode != 0:
                failures.append(f"{name}: {answer.stderr.strip()}")
                print(failures[-1], flush=True)
                continue
            lines = json.loads(answer.stdout)
            data = recipe["data"]["csv"]["file"][:-4]
            rows = reader(folder, data)
            for framework, style in [(f, s) for f in frameworks for s in ["", *STYLES.get(name, {}).get(f, [])]]:
                style, _, refusal = style.partition(": ")
                try:
                    script = SCRIPTS[framework](whole, DATA[data][1], style)
                except ValueError as error:
                    failures.append(f"{framework} {name}: not written ({error})")
                    continue
                blocks = {"lines": lines[framework]}
                last = remedy.split(",")[-1]
                if guides.get(last) == name and not style:
                    blocks["guide"] = guide_lines(last, framework)
                results = {}
                for kind, block in {"sick": [], **blocks}.items():
                    text = script
                    try:
                        text = pasted(script, block, framework)
                        results[kind] = skill(text, rows, framework)
                    except Exception as error:  # a failure of the case, with what was run
                        results[kind] = error
                    good = isinstance(results[kind], float) and (results[kind] >= 0.05) == (kind != "sick")
                    if refusal and kind != "sick":
                        good = isinstance(results[kind], AssertionError) and refusal in str(results[kind])
                    if not good:
                        failures.append(f"{framework} {name} {style}: {kind} {results[kind]}")
                        if options.show:
                            print(text)
                if options.show:
                    print("\n".join(lines[framework]))
                counts[framework] += 1
                shown = " ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v!r}" for k, v in results.items())
                print(f"{framework:8} {name} ({', '.join(filter(None, [remedy, style]))}): {shown}", flush=True)
    print(", ".join(f"{count} cures for {framework}" for framework, count in counts.items()))
    tried = {name for _, (remedies, _) in CASES.items() for name in remedies.split(",")}
    known = {"".join(c if c.islower() else f"-{c.lower()}" for c in path.stem).lstrip("-")
             for path in (HERE.parent.parent / "Guides" / "Remedies").glob("*.md")}
    failures += [f"{name}: no case" for name in known - tried - OF_ENGINES]
    failures += [f"{name}: there is no such case" for name in options.names if name not in CASES]
    if not options.names:
        failures += [f"{framework}: {counts[framework]} cures, {least} wanted"
                     for framework, least in [("pytorch", 20), ("keras", 12)] if counts.get(framework, least) < least]
    print(f"{len(failures)} failed" + "".join(f"\n  {failure}" for failure in failures))
    sys.exit(1 if failures else 0)


main()
