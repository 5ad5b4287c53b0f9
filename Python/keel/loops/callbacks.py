"""``keel.watch`` and ``keel.heal`` as callbacks of other people's trainers. None of them is
imported before it is asked for."""

from __future__ import annotations

from typing import Any, Optional

from keel.result import KeelError


def lightning(*, heal: bool = False, **options: Any) -> Any:
    """A callback for Lightning's ``Trainer(callbacks=[keel.lightning()])``.

    It reads a step before gradients are clipped. ``options`` are those of ``keel.watch``, or of
    ``keel.heal`` where that is asked for; the watch is ``callback.watch``.
    """
    try:
        from lightning.pytorch import Callback
    except ImportError:
        from pytorch_lightning import Callback  # type: ignore[no-redef]

    class Keel(Callback):  # type: ignore[misc, valid-type]
        """Watches a fit."""

        watch: Any = None
        _keeper: Any = None

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            if len(trainer.optimizers) != 1:
                raise KeelError(
                    f"keel: lightning with {len(trainer.optimizers)} optimizers; it watches one: "
                    "use keel.watch in a module that steps them itself"
                )
            self._keeper, self.watch = _made(pl_module, trainer.optimizers[0], heal, options)

        def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
            # Lightning has divided it by the batches that gradients are summed over.
            self.watch.take(loss * trainer.accumulate_grad_batches)

        def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
            self.watch.before_step()

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            self._keeper.close()

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            if self._keeper is not None:
                self._keeper.close()

    return Keel()


def hugging_face(*, heal: bool = False, **options: Any) -> Any:
    """A ``TrainerCallback`` for Transformers: ``Trainer(…, callbacks=[keel.hugging_face()])``.

    Takes the loss that the model gives with its output; where it gives none, the one that the
    trainer logs. ``options`` are those of ``keel.watch``, or of ``keel.heal``.
    """
    from transformers import TrainerCallback

    class Keel(TrainerCallback):  # type: ignore[misc]
        """Watches a training."""

        watch: Any = None
        _keeper: Any = None
        _handle: Any = None
        _has_loss = False

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            model, optimizer = kwargs["model"], kwargs["optimizer"]
            # Accelerate wraps the optimizer that has the hooks.
            optimizer = getattr(optimizer, "optimizer", optimizer)
            self._keeper, self.watch = _made(model, optimizer, heal, options)
            self._handle = model.register_forward_hook(self._take)

        def _take(self, module: Any, args: Any, output: Any) -> None:
            loss = _loss_of(output)
            if module.training and loss is not None and loss.requires_grad:
                self._has_loss = True
                self.watch.take(loss)

        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            loss = (kwargs.get("logs") or {}).get("loss")
            if loss is not None and not self._has_loss and self.watch is not None:
                self.watch.loss(float(loss))

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self._handle.remove()
            self._keeper.close()

    return Keel()


def keras(**options: Any) -> Any:
    """A ``keras.callbacks.Callback``: ``model.fit(…, callbacks=[keel.keras()])``.

    With the PyTorch backend it reads gradients, weights and updates, and names the layer; with
    others, which compile the step, only the loss. ``options``: ``path``, and ``on_explosion`` as in
    ``keel.watch``.
    """
    from keel.loops.keras_callback import callback

    return callback(**options)


def _made(model: Any, optimizer: Any, heal: bool, options: Any) -> Any:
    """What is to be closed, and the watch within."""
    if heal:
        from keel.loops.healing import heal as begin

        healer = begin(model, optimizer, **options)
        return healer, healer.watch
    from keel.loops.watch import watch

    watcher = watch(model, optimizer, **options)
    return watcher, watcher


def _loss_of(output: Any) -> Optional[Any]:
    if isinstance(output, dict):
        return output.get("loss")
    return getattr(output, "loss", None)
