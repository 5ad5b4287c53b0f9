"""A straight line through numbers up to 199, one row at a time.

Report: Simple Linear Regression Nan's after a few iterations.,
https://github.com/keras-team/keras/issues/3040
Established: the learning rate is too high (asker).
"""
from __future__ import annotations

import keras
import numpy

from rows import Batches, batches

STEPS = 400
CAUSES = ("large-learning-rate", "unscaled-data")

x = numpy.arange(200, dtype="float32").reshape(-1, 1)
y = 2 * x


def line(rate: float) -> keras.Model:
    network = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    network.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
    return network


def model() -> keras.Model:
    return line(1e-3)


def data(seed: int) -> Batches:
    return batches(seed, 1, x, y)


MENDED = {"model": lambda: line(1e-5)}
