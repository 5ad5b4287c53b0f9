"""One log of each format, made by the tool itself. Writes logs/.

    pip install "torch==2.13.0+cpu" tensorboard lightning keras transformers accelerate mlflow-skinny
    KERAS_BACKEND=torch python make_logs.py        (half a minute)

A linear model by gradient descent at a rate that is twenty times too high: its loss grows by one
factor a step and is not finite from some step on. TensorBoard, Lightning and MLflow log what that
training gave; Keras and Hugging Face train one of their own (the same model and rows), and their
steps are their own. `logs/truth.json` says what happened, as the numbers in memory had it.
"""

import json
import math
import os
import pathlib
import shutil
import tempfile

os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy
import torch

HERE = pathlib.Path(__file__).parent / "logs"
ROWS = 32


def rows():
    k = numpy.arange(ROWS * 2).reshape(ROWS, 2)
    x = (10 * numpy.sin(1 + 0.7 * k + 0.05 * k * k)).astype("float32")
    return x, (x @ numpy.array([[1.0], [-2.0]], dtype="float32"))


def train(rate=0.4, steps=60):
    x, y = map(torch.tensor, rows())
    model = torch.nn.Linear(2, 1)
    with torch.no_grad():
        model.weight[:] = torch.tensor([[0.5, 0.5]])
        model.bias[:] = 0
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    history = []
    for step in range(steps):
        loss = torch.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        norm = math.sqrt(sum(float(p.grad.double().square().sum()) for p in model.parameters()))
        history.append((step, float(loss), norm, rate))
        optimizer.step()
    return history


def first_non_finite(values):
    return next((place for place, value in enumerate(values) if not math.isfinite(value)), None)


def tensorboard(history):
    from torch.utils.tensorboard import SummaryWriter

    for name, new_style in [("simple", False), ("tensor", True)]:
        folder = HERE / f"tensorboard-{name}"
        writer = SummaryWriter(str(folder))
        for step, loss, norm, rate in history:
            writer.add_scalar("train/loss", loss, step, new_style=new_style)
            writer.add_scalar("train/grad_norm", norm, step, new_style=new_style)
            writer.add_scalar("lr", rate, step, new_style=new_style)
        writer.close()
        for file in folder.iterdir():
            file.rename(folder / "events.out.tfevents.1700000000.made")


def lightning(history):
    from lightning.pytorch.loggers import CSVLogger

    with tempfile.TemporaryDirectory() as folder:
        logger = CSVLogger(folder, name="", version=0)
        for step, loss, norm, rate in history:
            logger.log_metrics({"train_loss": loss, "grad_norm": norm, "epoch": step // 8}, step=step)
            if step % 8 == 7:
                logger.log_metrics({"val_loss": loss, "epoch": step // 8}, step=step)
        logger.save()
        shutil.copy(next(pathlib.Path(folder).rglob("metrics.csv")), HERE / "metrics.csv")


def keras_log():
    import keras

    x, y = rows()
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer=keras.optimizers.SGD(0.4), loss="mse")
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(float(logs["loss"]))

    model.fit(x, y, batch_size=ROWS, epochs=40, verbose=0,
              callbacks=[Watch(), keras.callbacks.CSVLogger(str(HERE / "keras.csv"))])  # fmt: skip
    return first_non_finite(seen)


def hugging_face():
    import transformers

    x, y = rows()

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(2, 1)

        def forward(self, x=None, labels=None):
            return {"loss": torch.nn.functional.mse_loss(self.linear(x), labels)}

    data = [{"x": torch.tensor(a), "labels": torch.tensor(b)} for a, b in zip(x, y)]
    torch.manual_seed(1)
    seen = []

    class Watch(transformers.TrainerCallback):
        def on_log(self, args, state, control, logs=None, **_):
            if logs and "loss" in logs:
                seen.append((state.global_step, float(logs["loss"])))

    with tempfile.TemporaryDirectory() as folder:
        args = transformers.TrainingArguments(
            folder, per_device_train_batch_size=ROWS, max_steps=60, logging_steps=1, optim="sgd",
            learning_rate=0.4, lr_scheduler_type="constant", max_grad_norm=0, report_to=[], use_cpu=True,
            logging_nan_inf_filter=False, save_strategy="no", disable_tqdm=True)  # fmt: skip
        trainer = transformers.Trainer(Model(), args, train_dataset=data, callbacks=[Watch()])
        trainer.train()
        trainer.state.save_to_json(str(HERE / "trainer_state.json"))
    return next((step for step, loss in seen if not math.isfinite(loss)), None)


def mlflow_log(history):
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        mlflow.set_tracking_uri(f"file://{folder}")
        mlflow.set_experiment("made")
        with mlflow.start_run() as run:
            for step, loss, norm, rate in history:
                mlflow.log_metrics({"train_loss": loss, "grad_norm": norm, "lr": rate}, step=step)
        found = next(pathlib.Path(folder).rglob(f"{run.info.run_id}/metrics"))
        shutil.copytree(found, HERE / "mlflow" / "metrics")


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    history = train()
    truth = {"nonFinite": min(first_non_finite([h[1] for h in history]), first_non_finite([h[2] for h in history]))}
    tensorboard(history)
    lightning(history)
    try:
        mlflow_log(history)
    except Exception as error:
        print("mlflow:", error)
    truth["keras"] = keras_log()
    truth["huggingFace"] = hugging_face()
    (HERE / "log.jsonl").write_text("".join(
        json.dumps({"step": s, "loss": l, "grad_norm": n, "lr": r}) + "\n" for s, l, n, r in history))  # fmt: skip
    (HERE / "truth.json").write_text(json.dumps(truth) + "\n")
    print(truth)


if __name__ == "__main__":
    main()
