"""Initialization of neural networks, explained by running it."""

from initexplain.activations import ACTIVATIONS, Activation
from initexplain.check import check, snapshot
from initexplain.datasets import noisy_sine, teacher, two_moons
from initexplain.initializers import (
    Initializer,
    constant,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    normal,
    orthogonal,
    truncated_normal,
    uniform,
    variance_scaling,
    zeros,
)
from initexplain.losses import LOSSES, Loss
from initexplain.network import Gradients, Network, Trace, forward, gradients
from initexplain.optimizers import OPTIMIZERS, Optimizer, adam, momentum, sgd
from initexplain.sweeps import SweepError, sweep
from initexplain.symmetry import (
    effective_rank,
    measured_redundancy,
    redundancy_classes,
    signed_redundancy_classes,
)
from initexplain.training import DivergenceWarning, History, train

__version__ = "0.1.0"

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "OPTIMIZERS",
    "Activation",
    "DivergenceWarning",
    "Gradients",
    "History",
    "Initializer",
    "Loss",
    "Network",
    "Optimizer",
    "SweepError",
    "Trace",
    "adam",
    "check",
    "constant",
    "effective_rank",
    "forward",
    "glorot_normal",
    "glorot_uniform",
    "gradients",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "measured_redundancy",
    "momentum",
    "noisy_sine",
    "normal",
    "orthogonal",
    "redundancy_classes",
    "sgd",
    "signed_redundancy_classes",
    "snapshot",
    "sweep",
    "teacher",
    "train",
    "truncated_normal",
    "two_moons",
    "uniform",
    "variance_scaling",
    "zeros",
]
