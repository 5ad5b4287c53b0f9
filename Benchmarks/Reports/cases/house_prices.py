"""Prices of houses, in dollars, out of what is known of them.

Report: train/valid loss = NAN when loss = "mean_squared_error" due to exploding values,
https://github.com/rstudio-conf-2020/dl-keras-tf/issues/9
Established: targets reach 755,000, and their squared errors explode; an error of logarithms is the
loss that was meant (poster, and the instructions of the workshop).

There in R.
"""
from __future__ import annotations

import keras
import numpy

from rows import Batches, batches

STEPS = 600
CAUSES = ("unscaled-data",)

dice = numpy.random.default_rng(9)
houses = dice.standard_normal((1600, 20)).astype("float32")
worth = houses[:, :5].sum(1, keepdims=True) * 0.15 + 0.1 * dice.standard_normal((1600, 1))
prices = numpy.clip(180_000 * numpy.exp(worth), 13_000, 755_000).astype("float32")


def network(loss: str) -> keras.Model:
    layers = keras.layers
    network = keras.Sequential([
        layers.Input((20,)), layers.Dense(64, activation="relu"),
        layers.Dense(32, activation="relu"), layers.Dense(1, bias_initializer="ones")])
    network.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    return network


def model() -> keras.Model:
    return network("mean_squared_error")


def data(seed: int) -> Batches:
    return batches(seed, 16, houses, prices)


MENDED = {"model": lambda: network("mean_squared_logarithmic_error")}
