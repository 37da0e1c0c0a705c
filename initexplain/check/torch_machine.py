"""A copy of a PyTorch module that a trial updates; the module itself is left as it is."""

import copy
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from initexplain.check.networks import constant_answers, shape_of_outputs, suggested_loss
from initexplain.check.parameters import holder
from initexplain.check.trial import FEW, FLAT, Activity, Evaluation, activity
from initexplain.checks import Array, lookup

_PLACES = 64  # of an image, or of a sequence, that are looked at
_EXAMPLES = 32
_DROPOUT = (
    "dropout",
    "alpha_dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
)


class TorchMachine:
    """The copy: on the processor, in train mode, without dropout and without the reader's hooks."""

    def __init__(self, model: Any, inputs: Any, targets: Any, loss: Any, *, double: bool) -> None:
        """Copies the module and runs the batch once, so that what does not fit is found here."""
        torch = self._torch = sys.modules["torch"]
        self._dtype = torch.float64 if double else torch.float32
        self.tolerance = 1e-6 if double else 1e-4
        self._model = copy.deepcopy(model).to("cpu", self._dtype)
        self._inputs, self._targets = self._moved(inputs), self._moved(targets)
        self._name, self._loss = _loss(torch, loss, self._targets)
        named = {n: p for n, p in self._model.named_parameters() if p.requires_grad}
        self._named: Mapping[str, Any] = named
        self.arrays: Mapping[str, Array] = {n: p.detach().numpy() for n, p in named.items()}
        self.ends: frozenset[str] = frozenset()
        self._watched: dict[str, Any] = {}
        self._activity: dict[str, Activity] = {}
        self._place: list[str] = []
        self._prepare()
        self._first: Evaluation | None = self._run()

    def evaluate(self) -> Evaluation:
        """Loss, gradients and signals with the arrays as they are."""
        known, self._first = self._first, None
        return known or self._run()

    def constants(self) -> list[float]:
        """The losses of constant answers, where the loss is one of outputs and targets."""
        result, targets = self._result, self._targets
        labels = self._inputs.get("labels") if isinstance(self._inputs, Mapping) else None
        try:
            if result is None or (targets is None and labels is None):
                return []
            if (
                targets is None and labels is not None
            ):  # a model that computes its loss from labels: equal odds for all
                fits = labels.shape == result.shape[:-1] and not labels.is_floating_point()
                return [float(np.log(result.shape[-1]))] if fits else []
            if self._name and targets.numel() == result.numel():
                targets = targets.reshape(result.shape)
            answers = [np.zeros(tuple(result.shape[1:]))]
            if targets.is_floating_point() and targets.shape == result.shape:
                answers = constant_answers(targets.numpy(), self._name)
            spread = (self._torch.as_tensor(a, dtype=self._dtype) for a in answers)
            return [float(self._loss(a.expand(result.shape), targets)) for a in spread]
        except (AttributeError, TypeError, ValueError, RuntimeError, IndexError):
            return []  # a loss that takes more than the outputs has no constant answer

    def _prepare(self) -> None:
        """Train mode without dropout; hooks of ours in the place of the reader's."""
        self._model.train()
        for name, module in self._model.named_modules():
            kind = type(module).__name__
            if "Drop" in kind or kind == "StochasticDepth":
                module.eval()
            if hasattr(module, "dropout") and isinstance(module.dropout, float):
                module.dropout = 0.0
            for hooks in _hooks(module):
                for key in [
                    k for k, h in hooks.items() if isinstance(h, FunctionType | MethodType)
                ]:
                    # what is no plain function computes a weight, as weight_norm does
                    del hooks[key]
            module.register_forward_pre_hook(lambda *_, name=name: self._place.append(name))
            module.register_forward_hook(
                lambda module, _, output, name=name: self._leave(name, module, output)
            )

    def _leave(self, name: str, module: Any, output: Any) -> None:
        self._place.pop()
        axis = _unit_axis(module)
        if axis is not None and isinstance(output, self._torch.Tensor):
            self._watched.setdefault(name, (output.detach(), axis))

    def _run(self) -> Evaluation:
        self._watched, self._activity, self._place = {}, {}, []
        for p in self._named.values():
            p.grad = None
        with ExitStack() as stack:
            stack.enter_context(_same_state(self._torch, self._dtype))
            stack.enter_context(self._torch.enable_grad())
            stack.enter_context(_mode(self._torch, self._note))
            outputs = self._call()
            loss = self._total(outputs)
            if loss.requires_grad:
                loss.backward()
        self._result = _tensor(self._torch, outputs)
        # a copy: the next run writes into the same memory
        grads = {n: None if p.grad is None else p.grad.numpy() for n, p in self._named.items()}
        self._find_ends()
        signals = {name: _signal(*seen) for name, seen in self._watched.items()}
        self._watched = {}
        flat = None
        if self._result is not None and self._result.is_floating_point() and self._result.ndim:
            flat = self._result.detach().reshape(len(self._result), -1).numpy()
        return Evaluation(float(loss.detach()), grads, signals, dict(self._activity), flat)

    def _call(self) -> Any:
        try:
            return self._forward()
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
        # one example at one place has no variance: such normalization runs as in evaluation
        for module in self._model.modules():
            if "BatchNorm" in type(module).__name__:
                module.eval()
        self._watched, self._activity, self._place = {}, {}, []
        return self._forward()

    def _forward(self) -> Any:
        if isinstance(self._inputs, Mapping):
            return self._model(**self._inputs)
        if isinstance(self._inputs, tuple | list):
            return self._model(*self._inputs)
        return self._model(self._inputs)

    def _total(self, outputs: Any) -> Any:
        """The loss: the reader's, the model's own, or the distance to numbers that were drawn."""
        if self._loss is not None:
            out = outputs
            if self._name:
                out = _tensor(self._torch, outputs)
            total = self._loss(out, self._targets)
        elif getattr(outputs, "loss", None) is not None:
            total = outputs.loss
        else:
            rng = np.random.default_rng(0)
            total = 0.0
            for out in _tensors(self._torch, outputs):
                drawn = self._torch.from_numpy(rng.standard_normal(tuple(out.shape)))
                total = total + 0.5 * ((out - drawn.to(out.dtype)) ** 2).mean()
        if not isinstance(total, self._torch.Tensor) or total.numel() != 1:
            raise ValueError("the loss must be one number, a tensor of the model's framework")
        return total.reshape(())

    def _find_ends(self) -> None:
        """Layers whose output is the network's: their units differ by their targets alone."""
        if self._result is None:
            return
        results = {(t.data_ptr(), t.numel()) for t in [self._result]}
        ends = {
            n for n, (out, _) in self._watched.items() if (out.data_ptr(), out.numel()) in results
        }
        owned = {n for n in self._named if holder(n) in ends}
        self.ends = frozenset(ends | owned | self.ends)

    def _note(self, function: str, out: Any) -> None:
        """How much of what an activation function returns is flat."""
        place = self._place[-1] if self._place else ""
        if out.ndim < 2 or len(out) < FEW:
            return
        # channels are the second axis, but for a sequence the last one
        units_last = out.detach().movedim(-1 if out.ndim == 3 else 1, -1)
        noted = activity(function, units_last.numpy())
        # of several in one place, the worst
        self._activity[place] = max(noted, self._activity.get(place, noted), key=_share)

    def _moved(self, value: Any) -> Any:
        """A batch on the processor, its floats in the copy's format; arrays become tensors."""
        torch = self._torch
        if isinstance(value, np.ndarray):
            value = torch.from_numpy(value)
        if isinstance(value, torch.Tensor):
            plain = value.detach().to("cpu")
            return plain.to(self._dtype) if plain.is_floating_point() else plain
        if isinstance(value, Mapping):
            return {key: self._moved(item) for key, item in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(self._moved(item) for item in value)
        return value


def _share(activity: Activity) -> float:
    return activity.share


def _hooks(module: Any) -> list[Any]:
    return [getattr(module, f"_{kind}_hooks") for kind in ("forward_pre", "forward", "backward")]


def _unit_axis(module: Any) -> int | None:
    """The axis of a layer's output along which its units lie; None if it has no weights."""
    kind = type(module).__mro__
    if any(c.__name__ == "_ConvNd" for c in kind):
        return 1
    dense = any(c.__name__ == "Linear" for c in kind) or hasattr(module, "nf")
    return -1 if dense else None


def _signal(output: Any, axis: int) -> Array:
    """An output as `(units, examples, places)`, some of the places."""
    units_first = output.movedim(axis, 0)
    if units_first.ndim == 1:
        units_first = units_first[:, None]
    units_first = (
        units_first[:, :_EXAMPLES].flatten(2) if units_first.ndim > 2 else units_first[..., None]
    )
    step = max(1, units_first.shape[2] // _PLACES)
    places = units_first[:, :_EXAMPLES, ::step]
    return np.array(places.numpy(), dtype=np.float64)


def _tensors(torch: Any, outputs: Any) -> Iterator[Any]:
    """Every tensor of floats in what a module returned, each once."""
    seen = set()
    parts = [outputs]
    while parts:
        part = parts.pop(0)
        if isinstance(part, torch.Tensor):
            if (
                part.is_floating_point()
                and part.numel()
                and part.requires_grad
                and id(part) not in seen
            ):
                seen.add(id(part))
                yield part
        elif isinstance(part, Mapping):
            parts += part.values()
        elif isinstance(part, tuple | list):
            parts += part
        elif hasattr(part, "__dict__"):
            parts += vars(part).values()


def _tensor(torch: Any, outputs: Any) -> Any:
    """What a named loss is taken of: the tensor, its `logits`, or the first of several."""
    if isinstance(outputs, torch.Tensor):
        return outputs
    if getattr(outputs, "logits", None) is not None:
        return outputs.logits
    return next(_tensors(torch, outputs), None)


def _loss(torch: Any, loss: Any, targets: Any) -> tuple[str, Any]:
    """A named loss, also one that the targets suggest, and its function; a callable has no name."""
    if callable(loss):
        return "", loss
    if loss is None and targets is not None:
        loss = suggested_loss(targets)
    functional = torch.nn.functional

    def cross_entropy(out: Any, targets: Any) -> Any:
        if out.ndim > 2 and targets.shape == out.shape[:-1]:
            out = out.movedim(-1, 1)
        return functional.cross_entropy(out, targets)

    def squared_error(out: Any, targets: Any) -> Any:
        wanted = targets.reshape(shape_of_outputs(out, targets))
        return 0.5 * ((out - wanted) ** 2).sum() / len(out)

    def logistic(out: Any, targets: Any) -> Any:
        wanted = targets.reshape(shape_of_outputs(out, targets))
        return functional.binary_cross_entropy_with_logits(out, wanted, reduction="sum") / len(out)

    losses = {
        "squared_error": squared_error,
        "logistic": logistic,
        "softmax_cross_entropy": cross_entropy,
    }
    return (loss, lookup(losses, loss, "loss")) if loss is not None else ("", None)


def _mode(torch: Any, note: Any) -> Any:
    """Switches dropout off, and notes what activation functions return wherever they are called."""

    class Watching(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = dict(kwargs or {})
            name = getattr(func, "__name__", "")
            if name in _DROPOUT:
                return args[0] if args else kwargs["input"]
            if name == "scaled_dot_product_attention" and "dropout_p" in kwargs:
                kwargs["dropout_p"] = 0.0
            out = func(*args, **kwargs)
            if name in FLAT and isinstance(out, torch.Tensor):
                note(name, out)
            return out

    return Watching()


@contextmanager
def _same_state(torch: Any, dtype: Any) -> Iterator[None]:
    """The same random numbers in every run, and the reader's generators as they were."""
    default, chance = torch.get_default_dtype(), random.getstate()
    legacy = np.random.get_state()  # noqa: NPY002 - models draw from it, and it is put back
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(default)
            random.setstate(chance)
            np.random.set_state(legacy)  # noqa: NPY002 - put back
