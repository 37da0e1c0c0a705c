"""Experiments: one module per page, each with `run(...) -> result`, a frozen dataclass."""
