"""Writes the logits that tests/model.rs compares with, using the reference implementation.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install torch transformers
    /tmp/venv/bin/python tests/reference/make_logits.py

The weights are those of tests/support/tiny_model.rs, from the same formula. A line is one position: the
logarithm of the sum of all exponentials, then every 13th logit.
"""

import pathlib

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

HERE = pathlib.Path(__file__).parent
MASK = (1 << 64) - 1


def numbers(seed):
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        yield state >> 40


def values(source, count):
    raw = np.array([next(source) for _ in range(count)], dtype=np.float32)
    return (raw / np.float32(16777216.0) - np.float32(0.5)) * np.float32(0.5)


def weights():
    source, tensors = numbers(1), {}

    def matrix(name, rows, columns):
        data = values(source, rows * columns)
        data = (np.float32(1.0) + data) if columns == 1 else data.reshape(rows, columns)
        tensors[name] = torch.from_numpy(data)

    matrix("model.embed_tokens.weight", 320, 64)
    for layer in range(2):
        for part, rows, columns in [
            ("input_layernorm", 64, 1),
            ("self_attn.q_proj", 64, 64),
            ("self_attn.k_proj", 32, 64),
            ("self_attn.v_proj", 32, 64),
            ("self_attn.o_proj", 64, 64),
            ("post_attention_layernorm", 64, 1),
            ("mlp.gate_proj", 160, 64),
            ("mlp.up_proj", 160, 64),
            ("mlp.down_proj", 64, 160),
        ]:
            matrix(f"model.layers.{layer}.{part}.weight", rows, columns)
    matrix("model.norm.weight", 64, 1)
    matrix("lm_head.weight", 320, 64)
    return tensors


def biases():
    """What the Qwen2 family has beside the weights above."""
    source, tensors = numbers(3), {}
    for layer in range(2):
        for part, rows in [("q_proj", 64), ("k_proj", 32), ("v_proj", 32)]:
            name = f"model.layers.{layer}.self_attn.{part}.bias"
            tensors[name] = torch.from_numpy(values(source, rows))
    return tensors


SHAPE = dict(
    hidden_size=64,
    intermediate_size=160,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=320,
    max_position_embeddings=2048,
    rms_norm_eps=1e-6,
    bos_token_id=276,
    eos_token_id=277,
)
LLAMA3 = dict(
    rope_type="llama3",
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=256,
    rope_theta=100000.0,
)


def logits(config, make, tensors):
    model = make(config).eval().float()
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    tied = ["lm_head.weight"] if config.tie_word_embeddings else []
    assert set(missing) <= set(tied) and not unexpected, (missing, unexpected)
    if tied:
        model.tie_weights()
        assert torch.equal(model.lm_head.weight, model.model.embed_tokens.weight)
    source = numbers(2)
    ids = torch.tensor([[next(source) % 256 for _ in range(300)]])
    with torch.no_grad():
        return model(ids).logits[0].float()


def save(name, logits, every):
    lines = []
    for row in logits[::every]:
        total = torch.logsumexp(row.double(), 0).item()
        lines.append(" ".join(f"{value:.5f}" for value in [total, *row[::13].tolist()]))
    (HERE / name).write_text("\n".join(lines) + "\n")


def main():
    all_weights = weights()
    untied = {name: tensor for name, tensor in all_weights.items() if name != "lm_head.weight"}

    linear = dict(rope_type="linear", factor=4.0, rope_theta=100000.0)
    config = LlamaConfig(**SHAPE, tie_word_embeddings=False, rope_parameters=linear)
    scaled = logits(config, LlamaForCausalLM, all_weights)
    save("linear.txt", scaled, 1)

    plain = dict(rope_type="default", rope_theta=100000.0)
    config = LlamaConfig(**SHAPE, tie_word_embeddings=False, rope_parameters=plain)
    unscaled = logits(config, LlamaForCausalLM, all_weights)
    print("scaling changes logits by up to", (scaled - unscaled).abs().max().item())

    config = LlamaConfig(**SHAPE, tie_word_embeddings=True, rope_parameters=LLAMA3)
    save("llama3_tied.txt", logits(config, LlamaForCausalLM, untied), 10)

    config = Qwen2Config(**SHAPE, tie_word_embeddings=True, rope_parameters=plain)
    save("qwen2.txt", logits(config, Qwen2ForCausalLM, untied | biases()), 10)


if __name__ == "__main__":
    main()
