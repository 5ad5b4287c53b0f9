"""A plain network on features as they were measured.

Report: How to set clipnorm?, https://github.com/keras-team/keras/issues/510
Established: every column is to have mean 0 and variance 1 first (maintainer).
"""
from __future__ import annotations

import keras
import numpy

from rows import Batches, batches

STEPS = 400
CAUSES = ("unscaled-data",)

dice = numpy.random.default_rng(510)
size = numpy.exp(dice.uniform(0, 5, 30))
hidden = dice.standard_normal((1024, 30))
features = (size * (2 + hidden)).astype("float32")
answers = (hidden[:, :6] ** 2).sum(1, keepdims=True).astype("float32") / 6
scaled = ((features - features.mean(0)) / features.std(0)).astype("float32")


def model() -> keras.Model:
    layers = keras.layers
    network = keras.Sequential([
        layers.Input((30,)), layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"), layers.Dense(1)])
    network.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True), loss="mse")
    return network


def data(seed: int) -> Batches:
    return batches(seed, 32, features, answers)


MENDED = {"data": lambda seed: batches(seed, 32, scaled, answers)}
