# ---
# jupyter:
#   description: >-
#     Train networks from zero weights and random biases, with the depth, the activation, the
#     seeds and the learning rate in your hands.
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
# # Run the swap
#
# In this notebook you train networks from zero weights and random biases, with the depth, the
# activation, the seeds and the learning rate in your hands. What stops them, and what does not, is
# on the page [The swap](../biases/the-swap.md).
#
# ## Settings
#
# Change these, and run everything below again.

# %%
import numpy as np

import initexplain as ie
from initexplain.figures.palette import RANDOM, ZERO
from initexplain.figures.style import draw_band, label_line, new_figure

hidden_layers = 1  # then 2, 3, 4
activation = "tanh"  # or "logistic", "relu"
seeds = 10
learning_rate = 0.1
optimizer = "sgd"  # or "momentum"; or "adam" with learning rate 0.01
steps = 300

# %% [markdown]
# ## Train both starts
#
# The data are those of a small random network, the teacher. One call trains all seeds side by
# side. Losses are in units of the loss of the best constant output: a one means that the network
# makes no use of its input.

# %%
rng = np.random.default_rng(0)
X, Y = ie.teacher(rng, examples=32)
best_constant = 0.5 * Y.var(axis=0).sum()
random_weights = ie.he_normal() if activation == "relu" else ie.lecun_normal()


def start(depth, weights, biases):
    return ie.Network.initialize(
        rng,
        [4] + [16] * depth + [2],
        weights=weights,
        biases=biases,
        activation=activation,
        ensemble=(seeds,),
    )


def trained(network):
    return ie.train(
        network,
        X,
        Y,
        steps=steps,
        learning_rate=learning_rate,
        optimizer=optimizer,
    )


swap = trained(start(hidden_layers, ie.zeros(), ie.normal(0.5)))
usual = trained(start(hidden_layers, random_weights, ie.zeros()))


# %% alt="Loss against updates. From random weights it falls at once, from zero weights later."
def draw(**runs):
    figure, (axes,) = new_figure(height=3.2)
    shown = np.unique(np.linspace(0, steps, 60).astype(int))
    looks = [(RANDOM, "-"), (ZERO, "--")]
    for name, (colour, line) in zip(runs, looks, strict=True):
        losses = runs[name].losses[shown] / best_constant
        low, middle, high = np.quantile(losses, [0, 0.5, 1], axis=1)
        draw_band(axes, shown, low, high, colour)
        axes.plot(shown, middle, line, color=colour)
        label_line(axes, steps, middle[-1], name.replace("_", " "), colour)
    axes.set(xlabel="updates", xlim=(0, steps))
    axes.set(ylabel="loss (one = best constant)", yscale="log")
    return figure


draw(random_weights=usual, zero_weights=swap)

# %% [markdown]
# With one hidden layer the swap learns. Before you go on: set `hidden_layers` to three in your
# mind. What will the curve do, and are the units to blame?
#
# ## Are the units copies of each other?
#
# If they were, they would share a label.

# %%
deep = trained(start(3, ie.zeros(), ie.normal(0.5)))
[labels.tolist() for labels in ie.redundancy_classes(deep.network.member(0))]

# %% [markdown]
# Every unit has a label of its own: random biases did break the symmetry, in every layer. Yet:

# %% alt="Loss against updates. From random weights it falls, from zero weights it stays at one."
deep_usual = trained(start(3, random_weights, ie.zeros()))
draw(random_weights=deep_usual, zero_weights=deep)

# %% [markdown]
# ## What arrives where?
#
# The size of the gradient of each matrix, from the first layer to the last, before the first
# updates. A zero is an exact zero.


# %%
def sizes(_step, _network, gradients):
    largest = [np.abs(g).max(axis=(-2, -1)) for g in gradients.weights]
    return [float(np.median(of_seeds)) for of_seeds in largest]


def table(network):
    how = {"steps": 5, "learning_rate": 0.1, "observe": sizes}
    watched = ie.train(network, X, Y, **how)
    for update, row in enumerate(watched.observed[:-1], 1):
        cells = [f"{size:7.0e}" if size else "      0" for size in row]
        print(f"update {update}:", *cells)


print("random weights, zero biases")
table(start(3, random_weights, ie.zeros()))
print("zero weights, random biases")
table(start(3, ie.zeros(), ie.normal(0.5)))

# %% [markdown]
# The wave starts at the last matrix and goes down by one layer with each update. What it brings is
# smaller in each layer by more powers of ten than in the one before.
#
# ## How many directions does a matrix use?
#
# The effective rank of each matrix, the median over seeds:

# %%
ranks = [np.median(ie.effective_rank(W)) for W in deep.network.weights]
[round(float(rank), 1) for rank in ranks]

# %% [markdown]
# One direction each: all rows differ, and all are nearly multiples of one row.
#
# ## Your turn
#
# - Set `hidden_layers` to two. How many of the seeds leave the plateau? Double the steps.
# - Set `optimizer` to `"adam"` and `learning_rate` to `0.01`, with three hidden layers. The start
#   has not changed. What has?
# - Go back to `"sgd"`, and train in mini-batches: `batch_size=8` and `rng=rng` are arguments of
#   `ie.train`. Two hidden layers take hundreds of steps, three several times as many. What does the
#   error of a few examples have that the error of all of them lacks?
# - With `"adam"`, set the biases of the swap to `ie.zeros()`. Why does Adam not help now?
# - Set `activation` to `"relu"`. How many units have a zero row after training, and how many had a
#   bias of zero or less at the start?
# - Draw only the *last* matrix at random, or only the first. Is one of the two enough? Count the
#   zeros on the path as on [Zeros that are fine](../biases/fine-zeros.md).
