"""Nine tenths were to be kept, and are dropped.

Report: Dropout(0.9), https://github.com/bonlime/keras-deeplab-v3-plus/issues/4
Established: the original keeps 0.9; in Keras the number is the share dropped, 0.1 (maintainer).

There the layer stands once; here twice, so that little can be learnt.
"""
from __future__ import annotations

import keras
import numpy

from rows import Batches, batches

STEPS = 400
CAUSES = ("excessive-dropout",)

dice = numpy.random.default_rng(4)
pixels = dice.standard_normal((1024, 16)).astype("float32")
bends = dice.standard_normal((16, 4))
classes = numpy.abs(pixels @ bends).argmax(1)


def network(share: float) -> keras.Model:
    layers = keras.layers
    network = keras.Sequential([
        layers.Input((16,)), layers.Dense(48, activation="relu"), layers.Dropout(share),
        layers.Dense(48, activation="relu"), layers.Dropout(share),
        layers.Dense(4, activation="softmax")])
    network.compile(
        optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    return network


def model() -> keras.Model:
    return network(0.9)


def data(seed: int) -> Batches:
    return batches(seed, 32, pixels, classes)


MENDED = {"model": lambda: network(0.1)}
