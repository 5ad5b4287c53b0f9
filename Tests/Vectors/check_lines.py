"""Parses the lines that remedies come to in PyTorch and Keras; runs those for PyTorch.

    python Tests/Vectors/check_lines.py

The lines are those that the tests of the remedies record in Tests/Frameworks/Snapshots. Parsing needs
nothing but Python, running them PyTorch.
"""

import ast
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Frameworks" / "Snapshots"


def sections(framework):
    """The name and the lines of each remedy."""
    text = (FOLDER / f"{framework}.py").read_text()
    for part in text.split("# === ")[1:]:
        name, lines = part.split("\n", 1)
        yield name, lines


def surroundings(torch):
    """What a training script has by the time it gets to a remedy's lines."""
    nn = torch.nn
    model = nn.Sequential(*[nn.Linear(8, 8) for _ in range(8)], nn.Linear(8, 1))
    with torch.no_grad():
        for layer in model:
            layer.weight.mul_(10)
    data = {name: torch.randn(16, 8) for name in ["x_train", "x_test"]}
    targets = {name: torch.randn(16, 1) for name in ["y_train", "y_test"]}
    loss = nn.functional.mse_loss(model(data["x_train"]), targets["y_train"])
    loss.backward(retain_graph=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return dict(
        torch=torch, nn=nn, model=model, loss=loss, optimizer=optimizer, layers=[], **data, **targets
    )


def check(name, scope, torch):
    """What can be told from the numbers afterwards."""
    if name.startswith("standardize-data"):
        for part in ["x_train", "y_train"]:
            assert scope[part].mean(0).abs().max() < 1e-5
            assert (scope[part].std(0, correction=0) - 1).abs().max() < 1e-5
    if name.startswith("constrain-weights"):
        for layer in scope["model"]:
            assert torch.linalg.vector_norm(layer.weight, dim=1).max() < 4.0001
    if name.startswith("clip-gradients"):
        gradients = [p.grad.flatten() for p in scope["model"].parameters()]
        assert torch.cat(gradients).norm() < 1.0001


def main():
    for framework in ["pytorch", "keras"]:
        count = 0
        for name, lines in sections(framework):
            tree = ast.parse(lines, name)
            assert tree.body, f"{framework}: {name} is nothing but comments"
            count += 1
        print(f"{framework}: {count} parse")
    try:
        import torch
    except ImportError:
        return print("PyTorch is not there: nothing was run")
    for name, lines in sections("pytorch"):
        scope = surroundings(torch)
        loss = scope["loss"]
        exec(compile(lines, name, "exec"), scope)
        check(name, scope, torch)
        if scope["loss"] is not loss:
            scope["loss"].backward()
        scope["optimizer"].step()
        print(f"pytorch: {name} runs")


main()
