"""Keras models of any backend as a check sees them. Keras is the one that the model brings."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from initexplain.check.networks import constant_answers, shape_of_outputs, suggested_loss
from initexplain.check.parameters import Parameter, from_mapping, holder
from initexplain.check.trial import FEW, FLAT, Activity, Evaluation, activity
from initexplain.checks import Array, lookup


def is_model(model: Any) -> bool:
    """Whether it is a Keras model."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def parameters(model: Any) -> list[Parameter]:
    """The weights with their kinds, as the classes of the layers tell, shared ones once.

    Raises:
        ValueError: the model is not built, so that it has no weights.
    """
    if not model.built or not model.weights:
        raise ValueError("the model has no weights yet: build it, or call it once on a batch")
    found: dict[int, Parameter] = {}
    for layer in model._flatten_layers(include_self=True, recursive=True):  # noqa: SLF001 - nested ones
        for w in layer._trainable_variables + layer._non_trainable_variables:  # noqa: SLF001 - its own
            if id(w) not in found:
                found[id(w)] = _parameter(w, layer)
    return list(found.values())


def _parameter(variable: Any, layer: Any) -> Parameter:
    values = sys.modules["keras"].ops.convert_to_numpy(variable)
    [plain] = from_mapping({variable.path: values})
    known = _known(variable.name, plain.shape, layer)
    if plain.kind == "buffer" or (not variable.trainable and known["kind"] == "vector"):
        known["kind"] = "buffer"
    norm = frozenset({"norm"} if "Norm" in type(layer).__name__ else ())
    return Parameter(
        plain.name,
        plain.values,
        plain.shape,
        plain.dtype,
        trainable=bool(variable.trainable),
        tags=norm,
        **known,
    )


def _known(name: str, shape: tuple[int, ...], layer: Any) -> dict[str, Any]:
    """What the class of a layer says of its weight; kernels have their units last."""
    kind, last = type(layer).__name__, len(shape) - 1
    if len(shape) < 2:
        return {"kind": "vector"}
    if kind == "Embedding":
        return {"kind": "embedding"}
    if kind == "EinsumDense" and "kernel" in name:
        # the axes of the result that the inputs do not have
        equation = layer.equation
        inputs, weights, _ = equation.replace("->", ",").split(",")
        return {
            "kind": "matrix",
            "unit_axes": tuple(i for i, axis in enumerate(weights) if axis not in inputs),
        }
    if "kernel" not in name:
        return {"kind": "vector" if kind in ("LSTM", "GRU") else "table"}
    if last == 1:
        packed = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3}.get(kind, 1)
        return {"kind": "matrix", "unit_axes": (1,), "packed": packed}
    axes: tuple[int, ...] = (last,)
    shared = 1.0
    if "depthwise" in name or kind.startswith("Depthwise"):
        axes = (last - 1, last)
    elif "Transpose" in kind:
        axes, shared = (last - 1,), float(math.prod(layer.strides))
    kernel = math.prod(shape[:-2])
    return {"kind": "convolution", "unit_axes": axes, "kernel": kernel, "shared": shared}


class KerasMachine:
    """A copy of a model's weights that a trial updates; the model computes with them statelessly.

    A copy of the layers computes where Keras can make one, without dropout; its layers' outputs are
    seen, too. Otherwise the model itself computes, with the same dropout in every run.
    """

    tolerance = 1e-4  # Keras computes in float32

    def __init__(self, model: Any, inputs: Any, targets: Any, loss: Any) -> None:
        """Copies, and runs the batch once, so that what does not fit is found here."""
        keras = self._keras = sys.modules["keras"]
        to_numpy = keras.ops.convert_to_numpy
        self.arrays: Mapping[str, Array] = {
            w.path: np.array(to_numpy(w), dtype=np.float32) for w in model.trainable_variables
        }
        self._rest = [to_numpy(w) for w in model.non_trainable_variables]
        self._inputs, self._targets = inputs, targets
        self.ends: frozenset[str] = frozenset()
        self._seen: dict[str, Array] = {}
        self._activity: dict[str, Activity] = {}
        self._watching = False
        self._model = self._copied(model)
        if not isinstance(loss, str) and loss is not None and not callable(loss):
            raise ValueError(f"loss: expected a name or a function, found {type(loss).__name__}")
        self._name, self._loss = self._chosen(loss)
        try:
            self._first: Evaluation | None = self._run()
        except (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            line = str(error).strip().partition("\n")[0]
            raise ValueError(
                f"the model and this batch do not fit: {type(error).__name__}: {line}"
            ) from error

    def evaluate(self) -> Evaluation:
        """Loss, gradients and signals with the arrays as they are."""
        known, self._first = self._first, None
        return known or self._run()

    def constants(self) -> list[float]:
        """The losses of constant answers, for a named loss."""
        if self._targets is None or not self._name:
            return []
        targets = np.asarray(self._targets)
        whole = not np.issubdtype(targets.dtype, np.floating)
        answers = constant_answers(targets, self._name) if not whole else [np.zeros(())]
        spread = (np.broadcast_to(a, self._result.shape).astype(np.float32) for a in answers)
        return [float(self._loss(self._tensor(a), self._tensor(targets))) for a in spread]

    def _copied(self, model: Any) -> Any:
        try:
            copied = self._keras.models.clone_model(model)
            same = [w.shape for w in copied.weights] == [w.shape for w in model.weights]
        except (ValueError, TypeError, NotImplementedError, RuntimeError):
            return model
        if not same:
            return model
        names = {
            id(w): path for w, path in zip(copied.trainable_variables, self.arrays, strict=True)
        }
        for layer in copied._flatten_layers(include_self=False, recursive=True):  # noqa: SLF001 - nested
            if "Dropout" in type(layer).__name__:
                layer.rate = 0.0
            owned = [names[id(w)] for w in layer._trainable_variables if len(w.shape) > 1]  # noqa: SLF001
            weighs = bool(owned) and type(layer).__name__ != "Embedding"
            if weighs or _function(layer):
                self._watch(layer, holder(owned[0]) if owned else layer.name, weighs)
        return copied

    def _watch(self, layer: Any, name: str, weighs: bool) -> None:
        call, function = layer.call, _function(layer)

        def watched(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            if self._watching and hasattr(output, "shape"):
                values = self._numpy(output)
                if weighs:
                    self._seen.setdefault(name, values)
                if function and values.ndim > 1 and len(values) >= FEW:
                    self._activity.setdefault(name, activity(function, values))
            return output

        layer.call = watched

    def _run(self) -> Evaluation:
        arrays = [self._tensor(a) for a in self.arrays.values()]
        loss, grads = self._differentiated(arrays)
        self._seen, self._activity, self._watching = {}, {}, True
        result = self._outputs(arrays)
        self._watching = False
        first = result[0] if isinstance(result, list | tuple) else result
        self._result = self._numpy(first)
        ends = {n for n, out in self._seen.items() if np.array_equal(out, self._result)}
        owned = {path for path in self.arrays if holder(path) in ends}
        self.ends = frozenset(ends | owned | self.ends)
        signals = {name: _signal(out) for name, out in self._seen.items() if out.ndim > 1}
        named = dict(zip(self.arrays, grads, strict=True))
        flat = self._result.reshape(len(self._result), -1) if self._result.ndim > 1 else None
        return Evaluation(loss, named, signals, self._activity, flat)

    def _outputs(self, arrays: Sequence[Any]) -> Any:
        """What the model returns with these weights, the rest of its state as it was."""
        rest = [self._tensor(a) for a in self._rest]
        inputs = self._inputs
        if isinstance(inputs, Mapping):
            inputs = {key: self._tensor(value) for key, value in inputs.items()}
        elif isinstance(inputs, list | tuple):
            inputs = [self._tensor(value) for value in inputs]
        else:
            inputs = self._tensor(inputs)
        several = inputs if isinstance(self._inputs, tuple) else [inputs]
        outputs, _ = self._model.stateless_call(arrays, rest, *several, training=True)
        return outputs

    def _objective(self, arrays: Sequence[Any]) -> Any:
        outputs = self._outputs(arrays)
        if self._loss is not None:
            return self._loss(
                outputs, None if self._targets is None else self._tensor(self._targets)
            )
        rng, total = np.random.default_rng(0), 0.0
        for out in outputs if isinstance(outputs, list | tuple) else [outputs]:
            drawn = self._tensor(rng.standard_normal(tuple(out.shape)).astype(np.float32))
            total = total + 0.5 * self._keras.ops.mean((out - drawn) ** 2)
        return total

    def _differentiated(self, arrays: Sequence[Any]) -> tuple[float, list[Array | None]]:
        """The loss and its gradients, by whatever the backend differentiates with."""
        backend = self._keras.backend.backend()
        if backend == "jax":
            value, grads = sys.modules["jax"].value_and_grad(self._objective)(arrays)
        elif backend == "torch":
            torch = sys.modules["torch"]
            with torch.enable_grad():
                leaves = [a.detach().clone().requires_grad_() for a in arrays]
                value = self._objective(leaves)
                value.backward()
            grads = [leaf.grad for leaf in leaves]
        elif backend == "tensorflow":
            with sys.modules["tensorflow"].GradientTape() as tape:
                for array in arrays:
                    tape.watch(array)
                value = self._objective(arrays)
            grads = tape.gradient(value, arrays)
        else:
            raise ValueError(
                f"the {backend} backend of Keras has no gradients: leave out the batch"
            )
        found = [None if g is None else np.array(self._numpy(g)) for g in grads]
        return float(self._numpy(value)), found

    def _chosen(self, loss: Any) -> tuple[str, Any]:
        """A named loss and its function, on logits; Keras's own take the targets first."""
        ops = self._keras.ops
        if isinstance(loss, self._keras.losses.Loss):
            return "", lambda out, targets: loss(targets, out)
        if callable(loss):
            return "", loss
        if loss is None and self._targets is not None:
            loss = suggested_loss(self._targets)

        def cross_entropy(out: Any, targets: Any) -> Any:
            whole = len(targets.shape) < len(out.shape)
            name = "sparse_categorical_crossentropy" if whole else "categorical_crossentropy"
            return ops.mean(getattr(ops, name)(targets, out, from_logits=True))

        def as_outputs(out: Any, targets: Any) -> Any:
            return ops.reshape(targets, shape_of_outputs(out, targets))

        losses = {
            "squared_error": lambda out, t: (
                0.5 * ops.sum((out - as_outputs(out, t)) ** 2) / out.shape[0]
            ),
            "logistic": lambda out, t: (
                ops.sum(ops.binary_crossentropy(as_outputs(out, t), out, from_logits=True))
                / out.shape[0]
            ),
            "softmax_cross_entropy": cross_entropy,
        }
        return (loss, lookup(losses, loss, "loss")) if loss is not None else ("", None)

    def _tensor(self, value: Any) -> Any:
        return self._keras.ops.convert_to_tensor(value)

    def _numpy(self, value: Any) -> Array:
        array: Array = np.asarray(self._keras.ops.convert_to_numpy(value))
        return array


def _function(layer: Any) -> str:
    """The function in `FLAT` that gives the layer's outputs their last form, or nothing."""
    kind = type(layer).__name__
    if kind == "ReLU":
        return "" if layer.negative_slope else "relu"
    if "Conv" not in kind and kind not in ("Activation", "Dense", "EinsumDense"):
        return ""  # in a recurrent layer it is inside
    name = getattr(layer.activation, "__name__", "")
    return name if name in FLAT else ""


def machine(model: Any, inputs: Any, targets: Any, loss: Any) -> KerasMachine:
    """A copy of the model's weights, with a batch."""
    return KerasMachine(model, inputs, targets, loss)


def _signal(output: Array) -> Array:
    """An output as `(units, examples, places)`: channels are last."""
    places = np.moveaxis(output, -1, 0).reshape(output.shape[-1], len(output), -1)
    return places[:, :32, :: max(1, places.shape[2] // 64)].astype(np.float64)
