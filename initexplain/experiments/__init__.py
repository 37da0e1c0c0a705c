"""Experiments: one module per page, each with `run(...) -> result`, a frozen dataclass.

The defaults of `run` are what the page says. Its parameters mean the same everywhere: `units` are
those of a hidden layer, `steps` are updates, `seeds` are networks of a kind, which differ in what
is drawn for their parameters, and `seed` is that of the data and of all that is drawn.
"""
