"""Hooks that stay with the module they were put on."""

from __future__ import annotations

from typing import Any, Callable


class Ear:
    """A hook that a copy of its module does not hear with, and that a saved one leaves behind."""

    __slots__ = ("_hear",)

    def __init__(self, hear: Callable[..., None]) -> None:
        self._hear = hear

    def __call__(self, *told: Any) -> None:
        self._hear(*told)

    def __deepcopy__(self, memo: Any) -> Callable[..., None]:
        return deaf

    def __reduce__(self) -> Any:
        return _deaf, ()


def deaf(*told: Any) -> None:
    """Hears nothing."""


def _deaf() -> Callable[..., None]:
    return deaf
