"""Rules about the numbers of one parameter: are they there, finite, and of a sensible size."""

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from initexplain.check.findings import Finding
from initexplain.check.parameters import Parameter

# A normal sample of a billion values stays within 6.5 deviations, a truncated one within 2.3, and
# heavy tails of trained weights reach 20: what lies beyond was not drawn from the rest's law.
OUTLIER = 20.0
# The factor of a signal's size per layer. Five makes ten million of it in ten layers.
LARGE_SCALE = 5.0
# A sample of n values has its spread within 1/sqrt(2n): 5 of these, and what truncation leaves
# uncorrected, .88, is another recipe.
MATCH = 0.03
# and nearer than this no two recipes are to each other
SURE = 0.1
READABLE = "float16", "bfloat16", "float32", "float64"


def check_values(parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """The rules that look at one parameter at a time."""
    normalized = any(_normalizes(p) for p in parameters)
    for p in parameters:
        if problem := _unreadable(p):
            yield problem
        elif bad := p.statistics.not_finite:
            yield Finding(
                "FAIL",
                "finite",
                p.name,
                f"{bad} of {p.size} values are not finite",
                bad,
                "find what divided by zero, overflowed, or was never filled, and draw it anew",
            )
        elif p.weighs or p.kind == "embedding":
            yield from _outliers(p)
            if not p.statistics.constant and p.statistics.std:
                yield _scale(p, normalized=normalized)


def readable(parameters: Sequence[Parameter]) -> list[Parameter]:
    """Those whose values can be looked at: floating point, there, and finite."""
    return [
        p
        for p in parameters
        if p.kind != "buffer" and not _unreadable(p) and not p.statistics.not_finite
    ]


def _unreadable(p: Parameter) -> Finding | None:
    if p.kind == "buffer":
        return None
    if p.values is None:
        said = "on the meta device: it has a shape and no values"
        remedy = "`model.to_empty(device=...)`, then load or draw every parameter"
        if "lazy" in p.tags:
            said = "lazy, and not built yet"
            remedy = "call the model once on a batch, then check it"
        return Finding("FAIL", "built", p.name, said, None, remedy)
    if p.dtype not in READABLE:
        return Finding("WARN", "dtype", p.name, f"{p.dtype} is not looked at", p.dtype, "cast it")
    if not p.size:
        return Finding("WARN", "built", p.name, f"empty: its shape is {p.shape}")
    return None


def _normalizes(p: Parameter) -> bool:
    """Whether it is the scale of a normalization: after one, the size of a weight cancels."""
    named = re.search(r"(norm|ln|bn|gamma|layernorm|running_var|moving_variance)", p.name.lower())
    return "norm" in p.tags or (len(p.shape) == 1 and bool(named))


def _outliers(p: Parameter) -> Iterator[Finding]:
    sample = p.sample().astype(np.float64)
    spread = float(np.median(np.abs(sample - np.median(sample)))) / 0.6745
    farthest = max(p.statistics.largest, -p.statistics.smallest, key=abs)
    # fewer values say too little about their law; where most are equal the spread is no measure
    if p.size >= 1000 and 0 < spread * OUTLIER < farthest:
        yield Finding(
            "WARN",
            "outliers",
            p.name,
            f"a value of size {farthest:.3g} where the others have a spread of {spread:.3g}",
            farthest / spread,
            "draw these anew: a truncated normal by the inverse error function may return a bound, "
            "rarely in float32, often in half precision",
        )


def recipes(p: Parameter) -> dict[str, float]:
    """The standard deviation that each recipe would give this parameter."""
    fan_in, fan_out = p.fan_in, p.fan_out
    stds = {
        "He": math.sqrt(2 / fan_in),
        "LeCun": math.sqrt(1 / fan_in),
        "Glorot": math.sqrt(2 / (fan_in + fan_out)),
        "PyTorch's default": math.sqrt(1 / (3 * fan_in)),
        "He by fan-out": math.sqrt(2 / fan_out),
        "N(0, .02)": 0.02,
        "LeCun, truncated and not corrected": 0.8796 * math.sqrt(1 / fan_in),
    }
    if p.packed > 1:
        stds["Glorot of the packed matrix"] = math.sqrt(2 / (fan_in + p.packed * fan_out))
    return stds


def _wrong_fans(p: Parameter) -> dict[str, float]:
    """Fan-ins that code takes by mistake, and what each mistake is."""
    fans = {}
    if p.kernel > 1:
        fans["without the kernel"] = p.fan_in / p.kernel
        fans["of a kernel read in the other layout"] = p.units * p.kernel * 1.0
    fans["of the transposed matrix"] = float(p.units)
    return fans


def _scale(p: Parameter, *, normalized: bool) -> Finding:
    std = p.statistics.std
    scale = std * math.sqrt(p.fan_in)
    near = max(MATCH, 5 / math.sqrt(2 * p.size))
    name, recipe = min(recipes(p).items(), key=lambda item: abs(math.log(item[1] / std)))
    matches = abs(std / recipe - 1) < near
    said = f"spread {std:.3g}, times sqrt(fan-in) {scale:.3g}: "
    # few numbers are near to any recipe
    said += name if matches and near < SURE else f"{std / recipe:.2g} times {name}"
    gentle = scale < (LARGE_SCALE if normalized else LARGE_SCALE / 2)
    if p.kind == "embedding" or matches or gentle:
        return Finding("ok", "scale", p.name, said, scale)
    for mistake, fan in _wrong_fans(p).items():
        for title, gain in (("He", 2), ("LeCun", 1)):
            if abs(std / math.sqrt(gain / fan) - 1) < near and fan < p.fan_in / 2:
                said = f"{title}'s spread for a fan-in of {fan:g} ({mistake}), and it is "
                said += f"{p.fan_in:g}: {scale:.3g} times sqrt(1 / fan-in)"
                remedy = f"divide by the square root of the fan-in, {p.fan_in:g}"
                return Finding("WARN", "scale", p.name, said, scale, remedy)
    if scale < LARGE_SCALE:
        return Finding("ok", "scale", p.name, said, scale)
    remedy = f"draw with standard deviation sqrt(gain / {p.fan_in:g}): gain 1 for tanh, 2 for ReLU"
    return Finding("WARN", "scale", p.name, f"too large: {said}", scale, remedy)
