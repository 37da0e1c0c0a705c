# ---
# jupyter:
#   description: >-
#     Hide redundant units in a network, predict from the parameters which ones they are,
#     train to see whether it holds, and break the symmetry with one weight.
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
# # Plant a symmetry
#
# In this notebook you hide redundant units in a network, predict from the parameters alone which
# ones they are, and train the network to see whether the prediction holds. Then you break the
# symmetry with one weight. The condition behind the prediction is on the page [What it takes to
# be redundant](../symmetry/redundancy.md).

# %%
import numpy as np

import initexplain as ie
from initexplain.figures.diagrams import class_names, draw_network
from initexplain.figures.style import new_figure

rng = np.random.default_rng(0)
X, Y = ie.teacher(rng, features=3)
sizes = [3, 5, 4, 2]
net = ie.Network.initialize(rng, sizes, weights=ie.lecun_normal())
[labels.tolist() for labels in ie.redundancy_classes(net)]

# %% [markdown]
# Random weights: every unit has a label of its own, so nobody is redundant.
#
# ## Plant
#
# First a copy: the second unit of the first hidden layer gets the row and the outgoing weights of
# the first one. (A row of `W` is a unit; a column holds what leaves one unit of the layer below.)

# %%
W1, W2, W3 = (W.copy() for W in net.weights)
W1[1] = W1[0]
W2[:, 1] = W2[:, 0]

# %% [markdown]
# Then something less visible, in the second hidden layer: two units with *different* rows. What
# they receive from the two copies differs weight by weight, and agrees in the sum. Their other
# weights are equal. The first two columns must keep equal sums over the two units as well: they
# do, since the four weights are arranged crosswise.

# %%
W2[:2, :2] = [[0.9, -0.4], [-0.4, 0.9]]
W2[1, 2:] = W2[0, 2:]
W3[:, 1] = W3[:, 0]
planted = ie.Network([W1, W2, W3], net.biases, "tanh")

# %% [markdown]
# ## Predict
#
# Before you run the next cell: which units are redundant?

# %%
[labels.tolist() for labels in ie.redundancy_classes(planted)]

# %% [markdown]
# Units with the same label are redundant. A drawing says it better; units of a layer that share a
# letter and a fill are redundant, dashed lines are negative weights.


# %% alt="A layered graph. In each hidden layer the upper two units share a letter and a fill."
def draw(network):
    figure, (axes,) = new_figure(height=3.4)
    layers = [
        class_names(labels.tolist(), signs.tolist())
        for labels, signs in ie.signed_redundancy_classes(network)
    ]
    names = [["x₁", "x₂", "x₃"], *layers, ["y₁", "y₂"]]
    draw_network(axes, network.weights, names)
    return figure


draw(planted)

# %% [markdown]
# ## Train and check
#
# `measured_redundancy` does not look at the parameters. It compares the activations of the units
# on the data.

# %%
history = ie.train(planted, X, Y, steps=200, learning_rate=0.1)
trained = history.network
print("the loss fell:", bool(history.losses[-1] < 0.5 * history.losses[0]))
measured = ie.measured_redundancy(trained, X, tolerance=1e-6)
[labels.tolist() for labels in measured]

# %% [markdown]
# The weights have moved, the classes have not. And the rows of the two units in the second layer
# are still different; what agrees is the sum.

# %%
rows = trained.weights[1][:2]
sums = rows[:, :2].sum(axis=1)
bool(np.allclose(rows[0], rows[1])), bool(np.isclose(sums[0], sums[1]))

# %% alt="The graph after training: other line widths, the same shared letters and shades."
draw(trained)

# %% [markdown]
# ## Break it
#
# One outgoing weight, changed by a thousandth. Which classes does that end? Only the last matrix
# changes, and with it the second hidden layer; but the first hidden layer agreed only in sums
# over a class that is no longer one.

# %%
W3[0, 1] += 0.001
broken = ie.Network([W1, W2, W3], net.biases, "tanh")
after = ie.train(broken, X, Y, steps=200, learning_rate=0.1).network
predicted = ie.redundancy_classes(broken)
measured = ie.measured_redundancy(after, X, tolerance=1e-6)
print("predicted:", [labels.tolist() for labels in predicted])
print("measured: ", [labels.tolist() for labels in measured])

# %% [markdown]
# The prediction said so before the first update.
#
# ## A mirrored pair
#
# tanh is odd, so it knows one more kind of redundancy. Reverse the sign of everything that
# belongs to one of two copies: its row, its bias, its outgoing weights.

# %% alt="A layered graph. Two units, A and minus A, share a fill; all others stand alone."
W1, W2, W3 = (W.copy() for W in net.weights)
W1[1], W2[:, 1] = -W1[0], -W2[:, 0]
mirrored = ie.Network([W1, W2, W3], net.biases, "tanh")
draw(ie.train(mirrored, X, Y, steps=200, learning_rate=0.1).network)

# %% [markdown]
# After training, the outputs of the two units are still opposite, on every example:

# %%
mirrored = ie.train(mirrored, X, Y, steps=200, learning_rate=0.1).network
first, second = ie.forward(mirrored, X).activations[0][:, :2].T
bool(np.allclose(first, -second))

# %% [markdown]
# ## Your turn
#
# - Plant three copies instead of two. Which blocks of `W2` have to change?
# - Replace `"tanh"` by `"logistic"` in the last part. What does the prediction say, and why?
# - Train with `optimizer="adam"`, then with `optimizer=ie.adam(l2=0.1)`. Which of the two keeps
#   the classes with unequal rows? [How symmetry breaks](../symmetry/breaking-symmetry.md) has the
#   answer.
# - Add noise of a millionth to `W1` of the copies. After how many updates can you see it?
