"""Figures: one module per page, one function per figure, each `result -> Figure`."""
