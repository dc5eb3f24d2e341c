"""Writes the GGUF file that tests/model reads, and the logits that llama.cpp itself has for it.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install numpy gguf xllamacpp
    /tmp/venv/bin/python tests/reference/make_gguf.py

The weights are those of tests/support/tiny_model.rs in Q8_0, laid out as llama.cpp's converter lays out a
Llama's. The logits are every tenth position's, a line as in make_logits.py.
"""

import pathlib
import sys

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "benches/model"))

from side_by_side import LlamaCpp  # noqa: E402
MASK = (1 << 64) - 1
HEADS = {"attn_q": 4, "attn_k": 2}


def numbers(seed):
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        yield state >> 40


def values(source, count):
    raw = np.array([next(source) for _ in range(count)], dtype=np.float32)
    return (raw / np.float32(16777216.0) - np.float32(0.5)) * np.float32(0.5)


def tensors():
    source = numbers(1)

    def matrix(name, rows, columns):
        data = values(source, rows * columns)
        return name, (np.float32(1.0) + data) if columns == 1 else data.reshape(rows, columns)

    yield matrix("token_embd", 320, 64)
    for layer in range(2):
        for part, rows, columns in [
            ("attn_norm", 64, 1),
            ("attn_q", 64, 64),
            ("attn_k", 32, 64),
            ("attn_v", 32, 64),
            ("attn_output", 64, 64),
            ("ffn_norm", 64, 1),
            ("ffn_gate", 160, 64),
            ("ffn_up", 160, 64),
            ("ffn_down", 64, 160),
        ]:
            name, data = matrix(f"blk.{layer}.{part}", rows, columns)
            if part in HEADS:
                # convert_hf_to_gguf.py's permutation.
                heads = HEADS[part]
                data = data.reshape(heads, 2, rows // heads // 2, columns)
                data = data.swapaxes(1, 2).reshape(rows, columns)
            yield name, data
    yield matrix("output_norm", 64, 1)
    yield matrix("output", 320, 64)


def write(path):
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(64)
    writer.add_block_count(2)
    writer.add_feed_forward_length(160)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(16)
    writer.add_rope_freq_base(100000.0)
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(4.0)
    writer.add_vocab_size(320)
    writer.add_tokenizer_model("no_vocab")
    writer.add_bos_token_id(276)
    writer.add_eos_token_id(277)
    q8 = gguf.GGMLQuantizationType.Q8_0
    for name, data in tensors():
        if data.ndim == 1:
            writer.add_tensor(f"{name}.weight", data)
        else:
            writer.add_tensor(f"{name}.weight", gguf.quants.quantize(data, q8), raw_dtype=q8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    path = HERE / "linear_q8_0.gguf"
    write(path)
    model = LlamaCpp(path, threads=1, context=512)
    source = numbers(2)
    lines = []
    for position in range(300):
        model.eval([next(source) % 256])
        if position % 10 == 0:
            row = model.library.llama_get_logits_ith(model.context, -1)[:320]
            total = np.log(np.exp(np.array(row, dtype=np.float64)).sum())
            lines.append(" ".join(f"{value:.5f}" for value in [total, *row[::13]]))
    (HERE / "linear_q8_0.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
