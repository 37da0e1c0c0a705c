"""Architectures of other libraries, drawn at random, each with a batch; nothing is downloaded."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")  # the one that is quick without compiling
os.environ["HF_HUB_OFFLINE"] = "1"

import jax
import keras
import numpy as np
import torch
import transformers as hf
from flax import linen


@dataclass(frozen=True)
class Architecture:
    """A network of a library.

    Attributes:
        library: whose it is.
        name: how that calls it.
        build: makes it, with random weights.
        batch: makes inputs; None where the library's parameters are all that a check gets.
    """

    library: str
    name: str
    build: Callable[[], Any]
    batch: Callable[[], Any] | None = None


def import_vision() -> Any:
    """torchvision, also the copy whose compiled operators do not fit a PyTorch without CUDA."""
    try:
        import torchvision
    except RuntimeError:
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        # what the import wants to describe has to be declared; no network here calls it
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision

        torchvision.declared = library
    return torchvision


torchvision = import_vision()
import timm  # noqa: E402 - imports torchvision


def images(size: int) -> Callable[[], Any]:
    """Eight images, and more than one place in the last layers."""
    return lambda: torch.randn(8, 3, size, size)


VISION = {
    "alexnet": 96,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "googlenet": 96,
    "mnasnet0_5": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "regnet_y_400mf": 64,
    "resnet18": 64,
    "resnext50_32x4d": 64,
    "shufflenet_v2_x0_5": 64,
    "squeezenet1_0": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
}
TIMM = {
    "cait_xxs24_224": 64,
    "convnext_atto": 64,
    "deit_tiny_patch16_224": 64,
    "edgenext_xx_small": 64,
    "efficientformer_l1": 224,
    "ghostnet_100": 64,
    "hrnet_w18_small": 64,
    "mixer_s32_224": 224,
    "mobilevit_xxs": 64,
    "nf_resnet26": 64,
    "pit_ti_224": 224,
    "poolformer_s12": 64,
    "repvgg_a0": 64,
    "resnet26d": 64,
    "xcit_nano_12_p16_224": 224,
}
SIZED = {"cait_xxs24_224", "deit_tiny_patch16_224"}  # built for the size of the images

SMALL = {
    "vocab_size": 256,
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 64,
}
GROUPED = SMALL | {"num_key_value_heads": 2}
CODERS = {
    "vocab_size": 256,
    "d_model": 64,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
}
# the model, its configuration; each as wide and deep as the settings above
LANGUAGE = {
    "albert": (hf.AlbertForMaskedLM, hf.AlbertConfig, SMALL | {"embedding_size": 32}),
    "bart": (
        hf.BartForConditionalGeneration,
        hf.BartConfig,
        CODERS | {"max_position_embeddings": 64},
    ),
    "bert": (hf.BertForMaskedLM, hf.BertConfig, SMALL),
    "bloom": (
        hf.BloomForCausalLM,
        hf.BloomConfig,
        {"vocab_size": 256, "hidden_size": 64, "n_layer": 4, "n_head": 4},
    ),
    "electra": (hf.ElectraForMaskedLM, hf.ElectraConfig, SMALL | {"embedding_size": 32}),
    "gemma": (hf.GemmaForCausalLM, hf.GemmaConfig, GROUPED | {"head_dim": 16}),
    "gpt2": (
        hf.GPT2LMHeadModel,
        hf.GPT2Config,
        {
            "vocab_size": 256,
            "n_embd": 64,
            "n_layer": 4,
            "n_head": 4,
            "n_positions": 64,
            "bos_token_id": 1,
            "eos_token_id": 1,
        },
    ),
    "gpt_neox": (hf.GPTNeoXForCausalLM, hf.GPTNeoXConfig, SMALL),
    "llama": (hf.LlamaForCausalLM, hf.LlamaConfig, GROUPED),
    "mamba": (
        hf.MambaForCausalLM,
        hf.MambaConfig,
        {"vocab_size": 256, "hidden_size": 64, "num_hidden_layers": 4},
    ),
    "mixtral": (hf.MixtralForCausalLM, hf.MixtralConfig, GROUPED | {"num_local_experts": 4}),
    "opt": (
        hf.OPTForCausalLM,
        hf.OPTConfig,
        {
            "vocab_size": 256,
            "hidden_size": 64,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "ffn_dim": 128,
            "max_position_embeddings": 64,
            "word_embed_proj_dim": 64,
        },
    ),
    "phi": (hf.PhiForCausalLM, hf.PhiConfig, GROUPED),
    "qwen2": (hf.Qwen2ForCausalLM, hf.Qwen2Config, GROUPED),
    "roberta": (hf.RobertaForMaskedLM, hf.RobertaConfig, SMALL),
    "t5": (
        hf.T5ForConditionalGeneration,
        hf.T5Config,
        {
            "vocab_size": 256,
            "d_model": 64,
            "d_kv": 16,
            "d_ff": 128,
            "num_layers": 3,
            "num_heads": 4,
            "decoder_start_token_id": 0,
        },
    ),
}
KERAS = {
    "EfficientNetB0": 64,
    "MobileNet": 64,
    "MobileNetV2": 64,
    "MobileNetV3Small": 64,
    "ResNet50": 64,
}
FLAX = {
    "MultiHeadDotProductAttention": (
        lambda: linen.MultiHeadDotProductAttention(num_heads=4),
        (2, 5, 32),
    ),
    "RNN(OptimizedLSTMCell)": (lambda: linen.RNN(linen.OptimizedLSTMCell(32)), (2, 5, 16)),
    "Conv, ConvTranspose": (
        lambda: linen.Sequential([linen.Conv(32, (3, 3)), linen.ConvTranspose(16, (3, 3))]),
        (2, 8, 8, 8),
    ),
}


def text() -> dict[str, Any]:
    """Four sequences with labels, of which the model makes its loss."""
    tokens = torch.randint(5, 200, (4, 16))
    return {"input_ids": tokens, "labels": tokens}


def _timm(name: str, size: int) -> Any:
    sized = {"img_size": size} if name in SIZED else {}
    return timm.create_model(name, pretrained=False, **sized)


def _keras(name: str, size: int) -> Any:
    shape = (size, size, 3)
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=shape, classes=1000, classifier_activation=None)


def architectures() -> list[Architecture]:
    """All of them; each call of `build` draws anew."""
    rng = np.random.default_rng(0)
    every = [
        Architecture(
            "torchvision",
            name,
            lambda name=name: torchvision.models.get_model(name, weights=None),
            images(size),
        )
        for name, size in VISION.items()
    ]
    every += [
        Architecture("timm", name, lambda name=name, size=size: _timm(name, size), images(size))
        for name, size in TIMM.items()
    ]
    every += [
        Architecture("transformers", name, lambda m=model, c=config, s=sizes: m(c(**s)), text)
        for name, (model, config, sizes) in LANGUAGE.items()
    ]
    every += [
        Architecture(
            "Keras",
            name,
            lambda name=name, size=size: _keras(name, size),
            lambda size=size: rng.normal(size=(8, size, size, 3)).astype("f4"),
        )
        for name, size in KERAS.items()
    ]
    every += [
        Architecture(
            "Flax",
            name,
            lambda layer=layer, shape=shape: layer().init(jax.random.key(0), np.ones(shape, "f4")),
        )
        for name, (layer, shape) in FLAX.items()
    ]
    return every
