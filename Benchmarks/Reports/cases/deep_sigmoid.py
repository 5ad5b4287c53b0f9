"""Numbers out of binary vectors, through four layers of sigmoids.

Report: What could be the problem when a neural network with four hidden layers with the sigmoid
activation function is not learning?, https://ai.stackexchange.com/questions/16557
Established: gradients vanish, as every sigmoid leaves a quarter of them at most (answer).

There in TensorFlow, 500 units a layer.
"""
from __future__ import annotations

import keras
import numpy

from rows import Batches, batches

STEPS = 600
CAUSES = ("excessive-depth",)

dice = numpy.random.default_rng(16557)
vectors = dice.integers(0, 2, (1024, 24)).astype("float32")
sums = (2 * vectors - 1) @ dice.standard_normal((24, 1))
numbers = (sums / sums.std()).astype("float32")


def network(activation: str) -> keras.Model:
    layers = keras.layers
    hidden = [layers.Dense(100, activation=activation) for _ in range(4)]
    network = keras.Sequential([layers.Input((24,)), *hidden, layers.Dense(1)])
    network.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    return network


def model() -> keras.Model:
    return network("sigmoid")


def data(seed: int) -> Batches:
    return batches(seed, 32, vectors, numbers)


MENDED = {"model": lambda: network("relu")}
