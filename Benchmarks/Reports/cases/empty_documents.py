"""Documents as shares of words, and a few that have no word.

Report: citeseer dataset loss is nan, https://github.com/danielegrattarola/keras-gat/issues/14
Established: rows of zeros become nan when they are divided by their sum, and are to be zeros
(asker, maintainer).
"""
from __future__ import annotations

import keras
import numpy

from rows import Batches, batches

STEPS = 400
CAUSES = ("outlier-batch",)

dice = numpy.random.default_rng(14)
topics = dice.integers(0, 6, 1024)
habits = dice.gamma(0.3, 1.0, (6, 60))
words = dice.poisson(habits[topics] * 0.8).astype("float32")
words[:5] = 0
with numpy.errstate(invalid="ignore"):
    shares = words / words.sum(1, keepdims=True)


def model() -> keras.Model:
    layers = keras.layers
    network = keras.Sequential([
        layers.Input((60,)), layers.Dense(32, activation="elu"), layers.Dropout(0.3),
        layers.Dense(6, activation="softmax")])
    network.compile(
        optimizer=keras.optimizers.Adam(5e-3), loss="sparse_categorical_crossentropy")
    return network


def data(seed: int) -> Batches:
    return batches(seed, 32, shares, topics)


MENDED = {"data": lambda seed: batches(seed, 32, numpy.nan_to_num(shares), topics)}
