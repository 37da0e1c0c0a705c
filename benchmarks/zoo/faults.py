"""Faults that people have run into, planted in the architectures that have a place for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Site:
    """Where an architecture takes the faults.

    Attributes:
        architecture: its name.
        hidden: a layer whose units only `reader` reads, one by one.
        reader: that layer.
        twin: another layer of the shape of `hidden`.
        between: a normalization between the two, whose units are the same.
        embedding: an embedding of tokens, if it has one.
        head: a last layer, if its scale shows in the loss.
    """

    architecture: str
    hidden: str
    reader: str
    twin: str
    between: str = ""
    embedding: str = ""
    head: str = ""


SITES = [
    Site("resnet18", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1", "layer1.0.bn1"),
    Site(
        "convnext_atto",
        "stages.1.blocks.0.mlp.fc1",
        "stages.1.blocks.0.mlp.fc2",
        "stages.1.blocks.1.mlp.fc1",
    ),
    Site(
        "mobilevit_xxs",
        "stages.2.1.transformer.0.mlp.fc1",
        "stages.2.1.transformer.0.mlp.fc2",
        "stages.2.1.transformer.1.mlp.fc1",
    ),
    Site("deit_tiny_patch16_224", "blocks.3.mlp.fc1", "blocks.3.mlp.fc2", "blocks.4.mlp.fc1"),
    Site(
        "pit_ti_224",
        "transformers.0.blocks.0.mlp.fc1",
        "transformers.0.blocks.0.mlp.fc2",
        "transformers.0.blocks.1.mlp.fc1",
    ),
    Site("resnet26d", "layer1.0.conv2", "layer1.0.conv3", "layer1.1.conv2", "layer1.0.bn2"),
    Site(
        "gpt2",
        "transformer.h.1.mlp.c_fc",
        "transformer.h.1.mlp.c_proj",
        "transformer.h.2.mlp.c_fc",
        embedding="transformer.wte",
    ),
    Site(
        "bert",
        "bert.encoder.layer.1.intermediate.dense",
        "bert.encoder.layer.1.output.dense",
        "bert.encoder.layer.2.intermediate.dense",
        embedding="bert.embeddings.word_embeddings",
    ),
    Site(
        "t5",
        "encoder.block.1.layer.1.DenseReluDense.wi",
        "encoder.block.1.layer.1.DenseReluDense.wo",
        "encoder.block.2.layer.1.DenseReluDense.wi",
        embedding="shared",
        head="lm_head",
    ),
    Site(
        "opt",
        "model.decoder.layers.1.fc1",
        "model.decoder.layers.1.fc2",
        "model.decoder.layers.2.fc1",
        embedding="model.decoder.embed_tokens",
    ),
    Site(
        "bart",
        "model.encoder.layers.1.fc1",
        "model.encoder.layers.1.fc2",
        "model.encoder.layers.2.fc1",
        embedding="model.shared",
    ),
]


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        rules: the rules that may name it.
        plant: changes the network; returns the names of the modules at which it may be named, None
            where the network has no place for it.
        batch: whether it shows on a batch only.
    """

    rules: tuple[str, ...]
    plant: Callable[[Any, Site], tuple[str, ...] | None]
    batch: bool = False

    @property
    def what(self) -> str:
        """The fault in a few words."""
        return str(self.plant.__doc__).rstrip(".")


def _rows(layer: Any) -> torch.Tensor:
    """The weight with its units first: GPT-2's layer stores them last."""
    weight = layer.weight.detach()
    return weight.T if hasattr(layer, "nf") else weight


def _bias(layer: Any) -> torch.Tensor | None:
    return None if getattr(layer, "bias", None) is None else layer.bias.detach()


def _repeat(net: Any, site: Site, distinct: int) -> tuple[str, ...]:
    """The hidden layer's units become copies of a few, read alike."""
    hidden, reader = net.get_submodule(site.hidden), net.get_submodule(site.reader)
    order = torch.arange(len(_rows(hidden))) % distinct
    _rows(hidden).copy_(_rows(hidden)[order].clone())
    if _bias(hidden) is not None:
        _bias(hidden).copy_(_bias(hidden)[order].clone())
    _rows(reader).copy_(_rows(reader)[:, order].clone())
    return (site.hidden,)


def not_a_number(net: Any, site: Site) -> tuple[str, ...]:
    """A value that is not a number."""
    _rows(net.get_submodule(site.hidden))[0, 0] = torch.nan
    return (site.hidden,)


def infinite(net: Any, site: Site) -> tuple[str, ...]:
    """An infinite value."""
    _rows(net.get_submodule(site.reader))[1, 1] = torch.inf
    return (site.reader,)


def on_the_meta_device(net: Any, site: Site) -> tuple[str, ...]:
    """A layer left on the meta device."""
    net.get_submodule(site.twin).to("meta")
    return (site.twin,)


def one_outlier(net: Any, site: Site) -> tuple[str, ...]:
    """One value a hundred times too large."""
    rows = _rows(net.get_submodule(site.hidden))
    rows[(0,) * rows.ndim] = 100 * rows.std()
    return (site.hidden,)


def too_large(net: Any, site: Site) -> tuple[str, ...]:
    """A weight drawn from N(0, 1)."""
    rows = _rows(net.get_submodule(site.hidden))
    rows.copy_(torch.randn_like(rows))
    return (site.hidden,)


def clones(net: Any, site: Site) -> tuple[str, ...]:
    """Clones in pairs."""
    return _repeat(net, site, len(_rows(net.get_submodule(site.hidden))) // 2)


def one_seed_on_every_shard(net: Any, site: Site) -> tuple[str, ...]:
    """One seed on each of four shards."""
    return _repeat(net, site, len(_rows(net.get_submodule(site.hidden))) // 4)


def constant(net: Any, site: Site) -> tuple[str, ...]:
    """A constant start."""
    for name in (site.hidden, site.reader):
        layer = net.get_submodule(name)
        nn.init.constant_(layer.weight, 0.01)
        if _bias(layer) is not None:
            nn.init.zeros_(layer.bias)
    return site.hidden, site.reader


def two_zeros(net: Any, site: Site) -> tuple[str, ...]:
    """Two zeros in a row."""
    for name in (site.hidden, site.reader):
        layer = net.get_submodule(name)
        nn.init.zeros_(layer.weight)
        if _bias(layer) is not None:
            nn.init.zeros_(layer.bias)
    return site.hidden, site.reader


def negative_biases(net: Any, site: Site) -> tuple[str, ...] | None:
    """Large negative biases."""
    layer = net.get_submodule(site.between or site.hidden)
    if _bias(layer) is None:
        return None
    nn.init.constant_(layer.bias, -1000)
    return site.hidden, site.reader


def copied_layer(net: Any, site: Site) -> tuple[str, ...]:
    """A copied layer."""
    net.get_submodule(site.twin).load_state_dict(net.get_submodule(site.hidden).state_dict())
    return site.hidden, site.twin


def one_seed(net: Any, site: Site) -> tuple[str, ...]:
    """One seed for two layers."""
    for name in (site.hidden, site.twin):
        generator = torch.Generator().manual_seed(3)
        weight = net.get_submodule(name).weight
        nn.init.normal_(weight, std=0.02, generator=generator)
    return site.hidden, site.twin


def left_out(net: Any, site: Site) -> tuple[str, ...]:  # noqa: ARG001 - as the others
    """A layer that nobody calls."""
    net.add_module("forgotten", nn.Linear(4, 4))
    return ("forgotten",)


def copied_tokens(net: Any, site: Site) -> tuple[str, ...] | None:
    """New tokens that copy one."""
    if not site.embedding:
        return None
    weight = net.get_submodule(site.embedding).weight.detach()
    weight[-5:] = weight[9]
    return (site.embedding,)


def costly_start(net: Any, site: Site) -> tuple[str, ...] | None:
    """An output layer drawn too wide."""
    if not site.embedding:
        return None
    torch.nn.init.normal_(net.get_output_embeddings().weight, std=10)
    return ("",)


class LowRank(nn.Module):
    """A layer plus a product of two thin matrices."""

    def __init__(self, layer: Any, shape: torch.Size) -> None:
        """Both factors zero."""
        super().__init__()
        self.layer = layer
        self.lora_A = nn.Parameter(torch.zeros(4, shape[1]))
        self.lora_B = nn.Parameter(torch.zeros(shape[0], 4))

    def forward(self, x: Any) -> Any:
        """The sum of the two."""
        return self.layer(x) + x @ self.lora_A.T @ self.lora_B.T


def both_factors_zero(net: Any, site: Site) -> tuple[str, ...] | None:
    """Both factors of a low-rank update zero."""
    layer = net.get_submodule(site.hidden)
    if layer.weight.ndim > 2:
        return None
    above, _, name = site.hidden.rpartition(".")
    net.get_submodule(above).register_module(name, LowRank(layer, _rows(layer).shape))
    return (site.hidden,)


FAULTS = [
    Fault(("finite",), not_a_number),
    Fault(("finite",), infinite),
    Fault(("built",), on_the_meta_device),
    Fault(("outliers",), one_outlier),
    Fault(("scale",), too_large),
    Fault(("copies",), copied_layer),
    Fault(("copies",), one_seed),
    Fault(("embedding",), copied_tokens),
    Fault(("clones",), clones, batch=True),
    Fault(("clones",), one_seed_on_every_shard, batch=True),
    Fault(("clones",), constant, batch=True),
    Fault(("freeze",), two_zeros, batch=True),
    Fault(("freeze",), both_factors_zero, batch=True),
    Fault(("dead", "freeze"), negative_biases, batch=True),
    Fault(("unused",), left_out, batch=True),
    Fault(("loss",), costly_start, batch=True),
]
