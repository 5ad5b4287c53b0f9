"""How large the numbers of a training are, column by column, and brought to unit size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, List, Optional

import torch

from keel.engines.protocol import JSON
from keel.engines.pytorch.parts import is_number, parts

# Rows that columns are measured on.
_MOST_ROWS = 65536
_MOST_BATCHES = 2000
_MOST_NUMBERS = 1 << 22
# A number this many usual distances from its column's median lies far outside the rest: Keel's own
# limit (Outliers).
FAR = 25.0


@dataclass
class Block:
    """The columns of inputs, or of targets: the last axis, or the channels of images."""

    mean: torch.Tensor
    deviation: torch.Tensor
    median: torch.Tensor
    usual: torch.Tensor
    rms: float
    worst_row: Optional[int]
    worst_column: int
    worst_value: float
    worst_distance: float

    @staticmethod
    def measured(rows: List[torch.Tensor]) -> Optional["Block"]:
        if len({_columns(r).shape[1] for r in rows}) != 1:
            return None  # Rows of different widths have no columns.
        wide = [_columns(row.detach()) for row in rows]
        # Of more numbers than these every so many-th row tells as much.
        step = max(1, sum(part.numel() for part in wide) // _MOST_NUMBERS)
        table = torch.cat([part[::step].cpu() for part in wide]).double()
        if table.numel() == 0:
            return None
        finite = torch.isfinite(table)
        known = torch.where(finite, table, torch.zeros_like(table))
        count = finite.sum(0).clamp(min=1)
        mean = known.sum(0) / count
        centered = torch.where(finite, table - mean, torch.zeros_like(table))
        deviation = (centered.square().sum(0) / count).sqrt()
        median = torch.nanmedian(torch.where(finite, table, torch.nan), 0).values
        distance = (table - median).abs()
        usual = _usual(torch.where(finite, distance, torch.nan))
        far = torch.where(finite, distance / usual, torch.inf)
        # A column that hardly varies tells nothing of what is far.
        far = torch.where(torch.isinf(usual), torch.where(finite, 0.0, torch.inf), far)
        worst = far.max(1).values
        outlying = worst > FAR
        row = int(worst.argmax())
        column = int(far[row].argmax())
        is_few = 0 < int(outlying.sum()) <= 0.1 * len(table)
        rest = known[~outlying] if is_few else known
        return Block(
            mean=(rest.mean(0) if is_few else mean),
            deviation=(rest.std(0, unbiased=False) if is_few else deviation),
            median=median,
            usual=usual,
            rms=float(rest.square().mean().sqrt()),
            worst_row=row * step if is_few else None,
            worst_column=column,
            worst_value=float(table[row, column]),
            worst_distance=float(worst.max()),
        )

    def description(self, per_row: int) -> JSON:
        answer: JSON = {"rms": self.rms}
        if self.worst_row is not None:
            answer["worstRow"] = self.worst_row // per_row
            answer["worstColumn"], answer["worstValue"] = self.worst_column, self.worst_value
            answer["worstDistance"] = self.worst_distance
        return answer

    def standardized(self, values: torch.Tensor) -> torch.Tensor:
        scale = torch.where(self.deviation > 0, self.deviation, torch.ones_like(self.deviation))
        dtype = values.dtype if values.is_floating_point() else torch.float32
        mean, scale = (
            _spread(part, values).to(values.device, dtype) for part in (self.mean, scale)
        )
        return (values.to(mean.dtype) - mean) / scale

    def is_far(self, values: torch.Tensor) -> torch.Tensor:
        """For each row whether a number of it lies far outside the rest."""
        table = _columns(values.detach()).double().cpu()
        far = (table - self.median).abs() > FAR * self.usual
        far |= ~torch.isfinite(table)
        return far.any(1).view(values.shape[0], -1).any(1)


@dataclass
class Columns:
    """What is known of the data: measured on the batches of an epoch, or of the run."""

    batch: int
    per_epoch: Optional[int]
    inputs: Optional[Block]
    targets: Optional[Block]
    rows_per_input: int = 1
    rows_per_target: int = 1
    # Where the targets are in a batch of three tensors or more; None where its form tells.
    place: Optional[int] = None

    @staticmethod
    def measured(
        data: Callable[[int], Any], steps: int, place: Optional[int] = None
    ) -> "Columns":
        inputs: List[torch.Tensor] = []
        targets: List[torch.Tensor] = []
        batch, rows, count, is_whole = 0, 0, 0, False
        most = min(steps, _MOST_BATCHES)
        for drawn in data(0):
            if count == most:
                break
            count += 1
            first, second = parts(drawn, place)
            if first is not None:
                batch = max(batch, first.shape[0] if first.dim() else 1)
                if rows < _MOST_ROWS:
                    rows += first.shape[0] if first.dim() else 1
                    if is_number(first):
                        inputs.append(first)
                    if second is not None and is_number(second):
                        targets.append(second)
        else:
            is_whole = count > 0
        if count == 0:
            raise ValueError("data(seed) yields no batches; return something to iterate over")
        # Probabilities, and truth values, have a scale of their own.
        if all(bool(((part >= 0) & (part <= 1)).all()) for part in targets):
            targets = []
        return Columns(
            place=place,
            batch=max(1, batch),
            per_epoch=count if is_whole else None,
            inputs=Block.measured(inputs) if inputs else None,
            targets=Block.measured(targets) if targets else None,
            rows_per_input=_rows_per_row(inputs),
            rows_per_target=_rows_per_row(targets),
        )

    @property
    def has_outlying_targets(self) -> bool:
        """Whether a few targets lie far outside the rest."""
        return self.targets is not None and self.targets.worst_row is not None

    def description(self) -> JSON:
        answer: JSON = {}
        if self.inputs is not None:
            answer["inputs"] = self.inputs.description(self.rows_per_input)
        if self.targets is not None:
            answer["targets"] = self.targets.description(self.rows_per_target)
        return answer


def _columns(values: torch.Tensor) -> torch.Tensor:
    """Rows of columns: channels of images, the last axis otherwise."""
    if values.dim() == 1:
        return values.view(-1, 1)
    if values.dim() >= 4:
        return values.movedim(1, -1).reshape(-1, values.shape[1])
    return values.reshape(-1, values.shape[-1])


def _spread(column: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    if values.dim() >= 4:
        return column.view(1, -1, *([1] * (values.dim() - 2)))
    return column if values.dim() > 1 else column[0]


def _rows_per_row(values: List[torch.Tensor]) -> int:
    if not values:
        return 1
    return max(1, len(_columns(values[0])) // max(1, values[0].shape[0]))


def _usual(distance: torch.Tensor) -> torch.Tensor:
    """The root mean square of the nine tenths smallest distances that are not zero; infinite where
    fewer than ten are not."""
    usual = []
    for column in distance.T:
        known = column[torch.isfinite(column) & (column > 0)].sort().values
        most = known[: len(known) * 9 // 10]
        usual.append(most.square().mean().sqrt() if len(known) >= 10 else torch.tensor(torch.inf))
    return torch.stack([u.double() for u in usual])
