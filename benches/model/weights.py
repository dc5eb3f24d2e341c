"""Random weights of a Llama's shape, with the tokenizer and configuration that loading needs.

    python benches/model/weights.py DIR [--size 1b|7b] [--device cpu|cuda]

The text that such a model writes is noise; its speed is that of a trained one.
"""

import argparse
import json
import pathlib
import sysconfig

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 32256
SHAPES = {
    # Hidden, inner, layers, heads.
    "1b": (2048, 5632, 20, 16),
    # SemCoder's: DeepSeek-Coder 6.7B.
    "7b": (4096, 11008, 32, 32),
}


def config(size):
    hidden, inner, layers, heads = SHAPES[size]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 16384,
        "rms_norm_eps": 1e-6,
        "rope_theta": 100000.0,
        "rope_scaling": {"type": "linear", "factor": 4.0},
        "tie_word_embeddings": False,
        "attention_bias": False,
        "bos_token_id": VOCABULARY - 2,
        # None that is ever chosen: a measurement must not end early.
        "eos_token_id": None,
        "torch_dtype": "bfloat16",
    }


def tokenizer():
    """Learned from the standard library in seconds: tokens as long as those of a model of code, three
    letters or so, because what guesses from the prompt are worth hangs on how seldom tokens repeat."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 2, initial_alphabet=letters, show_progress=False
    )
    files = sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"))
    made.train([str(file) for file in files], trainer)
    return made


def tensors(size, device):
    hidden, inner, layers, _ = SHAPES[size]
    generator = torch.Generator(device=device).manual_seed(1)

    def matrix(rows, columns):
        numbers = torch.randn(rows, columns, generator=generator, device=device) * 0.02
        return numbers.to(torch.bfloat16).cpu()

    ones = torch.ones(hidden, dtype=torch.bfloat16)
    yield "model.embed_tokens.weight", matrix(VOCABULARY, hidden)
    for layer in range(layers):
        name = f"model.layers.{layer}"
        yield f"{name}.input_layernorm.weight", ones.clone()
        for part in "qkvo":
            yield f"{name}.self_attn.{part}_proj.weight", matrix(hidden, hidden)
        yield f"{name}.post_attention_layernorm.weight", ones.clone()
        yield f"{name}.mlp.gate_proj.weight", matrix(inner, hidden)
        yield f"{name}.mlp.up_proj.weight", matrix(inner, hidden)
        yield f"{name}.mlp.down_proj.weight", matrix(hidden, inner)
    yield "model.norm.weight", ones.clone()
    yield "lm_head.weight", matrix(VOCABULARY, hidden)


def write(directory, size="1b", device="cpu", shard=2 << 30):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    places, part, bytes_, number = {}, {}, 0, 1

    def flush():
        nonlocal part, bytes_, number
        name = f"model-{number:05}.safetensors"
        save_file(part, directory / name, metadata={"format": "pt"})
        places.update({tensor: name for tensor in part})
        part, bytes_, number = {}, 0, number + 1

    for name, tensor in tensors(size, device):
        part[name] = tensor
        bytes_ += tensor.numel() * 2
        if shard < bytes_:
            flush()
    if part:
        flush()
    index = {"metadata": {}, "weight_map": places}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    (directory / "config.json").write_text(json.dumps(config(size), indent=1))
    (directory / "tokenizer_config.json").write_text(json.dumps({"add_bos_token": True}))
    tokenizer().save(str(directory / "tokenizer.json"))


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("directory")
    words.add_argument("--size", choices=SHAPES, default="1b")
    words.add_argument("--device", default="cpu")
    given = words.parse_args()
    write(given.directory, given.size, given.device)
