import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from plants import NAN
from torch import nn

import keel


# A process of its own finds the package where this one has.
PLACE = {**os.environ, "PYTHONPATH": str(Path(keel.__file__).parents[1])}


def lines_of(path):
    return [json.loads(line) for line in open(path)]


def test_import_needs_no_framework():
    code = (
        "import sys, keel; keel.Exploded; keel.KeelError; "
        "assert not {'torch', 'keras', 'lightning', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=PLACE)


def lightning_module(bad):
    L = pytest.importorskip("lightning.pytorch")

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

        def training_step(self, batch, index):
            if index == bad:
                handle = self.net[1].register_forward_hook(lambda m, a, o: o * NAN)
            loss = self.net(batch[0]).square().mean()
            if index == bad:
                handle.remove()
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    data = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 4)), batch_size=8
    )
    return L, Module(), data


def fit(L, module, data, callback):
    trainer = L.Trainer(
        max_epochs=1, callbacks=[callback], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, gradient_clip_val=1e-3,
        accelerator="cpu",
    )
    trainer.fit(module, data)


def test_lightning_reads_before_clipping():
    callback = keel.lightning()
    fit(*lightning_module(bad=5), callback)
    watch = callback.watch
    assert (watch.first.step, watch.first.during) == (5, "forward")
    steps = [line for line in lines_of(watch.path) if "loss" in line]
    assert len(steps) == 8 and all(line["gradientNorm"] > 1e-2 for line in steps[:5])


def test_lightning_heals():
    callback = keel.lightning(heal=True)
    L, module, data = lightning_module(bad=5)
    fit(L, module, data, callback)
    assert all(bool(torch.isfinite(p).all()) for p in module.parameters())


@pytest.mark.parametrize("accumulation", [1, 2])
def test_hugging_face(accumulation, tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")

    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(4, 1)
            self.calls = 0

        def forward(self, x, labels):
            self.calls += 1
            hidden = self.net(x) * (NAN if self.calls == 7 else 1.0)
            return {"loss": (hidden - labels).square().mean(), "logits": hidden}

    data = [{"x": torch.randn(4), "labels": torch.randn(1)} for _ in range(64)]
    callback = keel.hugging_face()
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=8 // accumulation, per_device_train_batch_size=4,
        gradient_accumulation_steps=accumulation, report_to=[], use_cpu=True, save_strategy="no",
    )
    transformers.Trainer(Tiny(), arguments, train_dataset=data, callbacks=[callback]).train()
    assert callback.watch.first.step == 6 // accumulation
    assert callback.watch.first.during == "forward" and callback.watch.first.module == "Tiny"


class State:
    is_local_process_zero = True


def test_hugging_face_hooks_by_themselves():
    pytest.importorskip("transformers")
    callback, net = keel.hugging_face(), nn.Linear(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    callback.on_train_begin(None, State(), None, model=net, optimizer=optimizer)
    for _ in range(3):
        net(torch.randn(2, 4)).square().mean().backward()
        optimizer.step()
        callback.on_log(None, State(), None, logs={"loss": 0.5})
    callback.on_train_end(None, State(), None)
    steps = [line for line in lines_of(callback.watch.path) if "gradientNorm" in line]
    assert [line["loss"] for line in steps] == [0.5] * 3


KERAS = """
import os, sys
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy, torch, keel

class Plant(keras.layers.Layer):
    is_on = False
    def call(self, x):
        if sys.argv[1] == "forward" and self.is_on:
            return x * float("nan")
        if sys.argv[1] == "backward" and self.is_on:
            x.register_hook(lambda g: g * float("inf"))
        return x * 1.0

class Update(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.layers[1].is_on = batch == 4
    def on_train_batch_end(self, batch, logs=None):
        if sys.argv[1] == "update" and batch == 4:
            with torch.no_grad():
                self.model.layers[0].kernel.value[0, 0] = float("inf")

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8, activation="relu"),
                          Plant(name="plant"), keras.layers.Dense(1, name="last")])
model.compile(keras.optimizers.SGD(0.01), "mse")
x, y = numpy.random.randn(64, 4), numpy.random.randn(64, 1)
callback = keel.keras()
model.fit(x, y, batch_size=8, epochs=1, verbose=0, callbacks=[Update(), callback])
print(callback.path, callback.first.module, callback.first.during, callback.first.step)
assert all("call" not in layer.__dict__ for layer in model.layers)
"""


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="keras is not there")
@pytest.mark.parametrize("part, where, step", [
    ("forward", "plant", 4), ("update", "kernel", 4), ("backward", "bias", 4),
])
def test_keras_with_pytorch(part, where, step):
    done = subprocess.run(
        [sys.executable, "-c", KERAS, part], capture_output=True, text=True, env=PLACE
    )
    assert done.returncode == 0, done.stderr
    path, module, during, at = done.stdout.split()
    assert where in module and during == part and int(at) == step
    lines = [line for line in lines_of(path) if "loss" in line]
    assert len(lines) == 8 and len(lines[0]["layers"]) == 4
