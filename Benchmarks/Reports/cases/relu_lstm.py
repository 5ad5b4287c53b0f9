"""Which of three courses a series takes, told by an LSTM with ReLU in place of tanh.

Report: Loss explosion issue in ConvnLSTMnArchitecture,
https://github.com/AlexanderVNikitin/tsgm/issues/59
Established: a recurrence needs an activation that saturates; without "relu" it trains (asker,
maintainer).
"""
from __future__ import annotations

import keras
import numpy

from rows import Batches, batches

STEPS = 300
CAUSES = ("steep-activation", "long-recurrence")
LENGTH = 80

dice = numpy.random.default_rng(59)
labels = dice.integers(0, 3, 512)
time = numpy.arange(LENGTH)
phase = dice.uniform(0, 6.3, (512, 1))
series = numpy.sin(time * (0.1 + 0.1 * labels[:, None]) + phase)
series = (series + 0.3 * dice.standard_normal((512, LENGTH)))[:, :, None].astype("float32")


def network(activation: str) -> keras.Model:
    layers = keras.layers
    network = keras.Sequential([
        layers.Input((LENGTH, 1)), layers.Conv1D(16, 5, activation="relu"),
        layers.LSTM(32, activation=activation), layers.Dense(3, activation="softmax")])
    network.compile(
        optimizer=keras.optimizers.Adam(1e-2), loss="sparse_categorical_crossentropy")
    return network


def model() -> keras.Model:
    return network("relu")


def data(seed: int) -> Batches:
    return batches(seed, 32, series, labels)


MENDED = {"model": lambda: network("tanh")}
