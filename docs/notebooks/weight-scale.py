# ---
# jupyter:
#   description: >-
#     Draw a network of your choice, measure the signal up and the error down, compare both with
#     the theory, and train it at another weight scale.
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Change the weight scale
#
# **What does the scale do in a network of your choice?** The cells below draw a network, measure
# the signal on its way up and the error on its way down, compare both with the theory, and train
# it. Download the notebook, change the settings, run all cells and look again.
#
# The pages behind it are [The linear region](../scale/linear-region.md),
# [Through depth](../scale/through-depth.md) and [The edge of chaos](../scale/edge-of-chaos.md).

# %%
import numpy as np

import initexplain as ie
from initexplain import signal
from initexplain.figures.palette import MUTED, RANDOM, THEORY
from initexplain.figures.style import label_line, new_figure
from initexplain.mean_field import mean_field, mean_square_slope, variances

# %% [markdown]
# ## The settings
#
# `scale` is the standard deviation of a weight times the square root of its fan-in: `1.0` is
# LeCun's and Glorot's recipe, `2**0.5` He's, `3**-0.5` the default of PyTorch.

# %%
scale = 1.0
hidden_layers = 10
activation = "tanh"  # or "relu", "selu", "logistic", "lecun_tanh"
units = 64
seed = 0

# %% [markdown]
# ## What the theory says
#
# Three numbers say where a deep, wide network of this scale ends up. `q` is the second moment of
# its preactivations: `0.0` if the signal dies, `inf` if it explodes. `chi` is the factor of the
# mean square of the errors per layer. The correlation length is the number of layers over which
# the correlation of two signals comes closer to its limit by a factor of $e$, or over which the
# square of a signal that dies shrinks so. A short training by gradient descent reaches down to
# about six of them, a longer one to more.

# %%
theory = mean_field(activation, weight_std=scale)
print(f"q                  {theory.q:.3f}")
print(f"chi                {theory.chi:.3f}")
print(f"correlation length {theory.correlation_length:.1f}")

# %% [markdown]
# ## One network before training
#
# The share of saturated preactivations in each hidden layer, and the gradient beside the weights
# in each layer. If the last numbers differ by orders of magnitude, one learning rate suits some
# layers badly.

# %%
rng = np.random.default_rng(seed)
X, Y = ie.teacher(rng, examples=32, features=units)
sizes = [units] * (hidden_layers + 1) + [Y.shape[1]]
weights = ie.lecun_normal(gain=scale)
net = ie.Network.initialize(
    rng,
    sizes,
    weights=weights,
    activation=activation,
)
loss, gradients = ie.gradients(net, X, Y)
print("saturated:")
print(signal.saturated_fraction(net, X).round(2))
print("gradient / weight:")
print(signal.gradient_to_weight(net, gradients).round(4))

# %% [markdown]
# ## Up and down
#
# Points are measured in the network above. Lines are predicted from the scale alone. The last
# layer, with its few outputs, is left out.

# %% alt="Signal and error through the layers: both decay slowly, in opposite directions."
moments = signal.second_moments(net, X, Y)
layers = np.arange(1, hidden_layers + 1)
start = {"layers": hidden_layers, "weight_std": scale, "start": scale**2}
up = variances(activation, **start)
factors = scale**2 * mean_square_slope(activation, up[:-1])
down = np.append(np.cumprod(factors[::-1])[::-1], 1.0)

figure, (axes,) = new_figure(height=3.2)
axes.plot(layers, up, color=THEORY)
axes.plot(layers, down, "--", color=THEORY)
axes.plot(layers, moments.preactivations[:-1], "o", color=RANDOM)
errors = moments.errors[:-1] / moments.errors[-2]
axes.plot(layers, errors, "s", color=RANDOM, markerfacecolor="none")
label_line(axes, layers[-1], up[-1], "signal ●", RANDOM, xytext=(8, 0))
label_line(axes, layers[-1], 1.0, "error □", RANDOM, xytext=(8, 0))
axes.set(yscale="log", xlabel="layer", ylabel="second moment")
figure

# %% [markdown]
# ## Training
#
# Full batches, with momentum. A loss that leaves the finite numbers ends the
# curve.

# %% alt="Loss against updates: it falls below that of the best constant output and goes on."
how = {"steps": 200, "learning_rate": 0.02, "optimizer": "momentum"}
(history,) = ie.sweep([net], X, Y, **how)

best_constant = 0.5 * Y.var(axis=0).sum()
steps = np.arange(0, 201, 4)
figure, (axes,) = new_figure(height=3.0)
axes.axhline(best_constant, color=MUTED, linestyle=":", linewidth=1)
axes.plot(steps, history.losses[steps], color=RANDOM)
label_line(axes, 120, best_constant, "best constant", MUTED, va="bottom")
axes.set(yscale="log", xlabel="updates", ylabel="loss", xlim=(0, 200))
figure

# %% [markdown]
# ## Things to try
#
# - `scale = 3**-0.5`: the default of PyTorch. How many layers can you stack before these updates
#   are not enough? Compare with six correlation lengths, then give it five times the updates.
# - `activation = "relu"` with `scale = 1.0`, then with `2**0.5`. Which of the two stays level on
#   its way up, and on its way down?
# - `scale = 5.0` with tanh. Almost everything is saturated. Is the gradient small?
# - `activation = "selu"` with `scale = 1.0`, and forty layers.
# - `activation = "logistic"`: at which scale do ten layers learn, and how soon?
