"""Tokens a second of monologue, llama.cpp and transformers on the same random weights, in one run.

    pip install torch transformers gguf xllamacpp
    python benches/model/side_by_side.py target/release/monologue [--threads N] [--rounds N]

Each round measures every engine once, so that whatever else the machine does hits all of them alike; the
best round of each counts. Decoding is measured behind a prompt of the same length for all (`--prompt`).
llama.cpp comes with xllamacpp, whose wheel is built for AVX2. Where the processor has more, install
llama-cpp-python instead, which is built for the machine at hand; where that crashes in its AMX code, with
CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON".
"""

import argparse
import ctypes
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import weights


def gguf_of(directory, out, kind):
    """The weights as a GGUF file, laid out as llama.cpp's converter does: in Q8_0 the same numbers; in Q4_K
    random blocks of the same spread, because no quantiser for it is at hand and speed is the same."""
    import gguf
    import numpy as np
    from safetensors import safe_open

    shape = json.loads((directory / "config.json").read_text())
    heads = shape["num_attention_heads"]
    writer = gguf.GGUFWriter(str(out), "llama")
    writer.add_context_length(shape["max_position_embeddings"])
    writer.add_embedding_length(shape["hidden_size"])
    writer.add_block_count(shape["num_hidden_layers"])
    writer.add_feed_forward_length(shape["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(shape["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(shape["rms_norm_eps"])
    writer.add_rope_dimension_count(shape["hidden_size"] // heads)
    writer.add_rope_freq_base(shape["rope_theta"])
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(shape["rope_scaling"]["factor"])
    writer.add_vocab_size(shape["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    writer.add_bos_token_id(shape["bos_token_id"])
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, shape["num_hidden_layers"])
    types = gguf.GGMLQuantizationType
    random = np.random.default_rng(2)

    def blocks(rows, columns):
        """[d f16, dmin f16, 12 bytes of scales and minima, 128 bytes of nibbles] for 256 numbers."""
        count = rows * columns // 256
        made = random.integers(0, 256, (count, 144), dtype=np.uint8)
        # Scales of 0 to 63, nibbles around 7.5: numbers of about 0.02, minima in the middle.
        made[:, :2] = np.frombuffer(np.float16(1e-4).tobytes(), np.uint8)
        made[:, 2:4] = np.frombuffer(np.float16(7.5e-4).tobytes(), np.uint8)
        return made.reshape(rows, columns // 256 * 144)

    for file in sorted(directory.glob("*.safetensors")):
        with safe_open(str(file), "pt") as stored:
            for name in stored.keys():
                its_name = names.get_name(name, try_suffixes=(".weight",))
                part = stored.get_tensor(name)
                if part.ndim == 1:
                    writer.add_tensor(its_name, part.float().numpy())
                elif kind == "q4_k":
                    writer.add_tensor(its_name, blocks(*part.shape), raw_dtype=types.Q4_K)
                else:
                    numbers = part.float().numpy()
                    if name.endswith(("q_proj.weight", "k_proj.weight")):
                        rows, columns = numbers.shape
                        halves = numbers.reshape(heads, 2, rows // heads // 2, columns)
                        numbers = halves.swapaxes(1, 2).reshape(rows, columns)
                    packed = gguf.quants.quantize(numbers, types.Q8_0)
                    writer.add_tensor(its_name, packed, raw_dtype=types.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Opaque(ctypes.Structure):
    """A structure of llama.cpp's, passed by value; only its first numbers are known here."""

    _fields_ = [("numbers", ctypes.c_uint32 * 256)]


class Batch(ctypes.Structure):
    _fields_ = [("tokens", ctypes.c_int32)] + [(name, ctypes.c_void_p) for name in "abcdef"]


class LlamaCpp:
    """llama.cpp's own functions, from whichever package brings them."""

    library = None

    def __init__(self, path, threads, context):
        library = self.library or self.opened()
        options = library.llama_model_default_params()
        self.model = library.llama_model_load_from_file(str(path).encode(), options)
        assert self.model, f"llama.cpp cannot load {path}"
        options = library.llama_context_default_params()
        # n_ctx, n_batch, n_ubatch.
        options.numbers[0], options.numbers[1], options.numbers[2] = context, 512, 512
        self.context = library.llama_init_from_model(self.model, options)
        assert self.context and library.llama_n_ctx(self.context) >= context
        library.llama_set_n_threads(self.context, threads, threads)

    @classmethod
    def opened(cls):
        try:
            import llama_cpp

            (path,) = pathlib.Path(llama_cpp.__file__).parent.glob("lib/libllama.so")
        except ImportError:
            import xllamacpp

            (path,) = pathlib.Path(xllamacpp.__file__).parent.glob("*.so")
        library = ctypes.CDLL(str(path))
        handle = ctypes.c_void_p
        for name, result, given in [
            ("llama_model_default_params", Opaque, []),
            ("llama_context_default_params", Opaque, []),
            ("llama_model_load_from_file", handle, [ctypes.c_char_p, Opaque]),
            ("llama_init_from_model", handle, [handle, Opaque]),
            ("llama_set_n_threads", None, [handle, ctypes.c_int32, ctypes.c_int32]),
            ("llama_n_ctx", ctypes.c_uint32, [handle]),
            ("llama_get_memory", handle, [handle]),
            ("llama_memory_clear", None, [handle, ctypes.c_bool]),
            ("llama_batch_get_one", Batch, [handle, ctypes.c_int32]),
            ("llama_decode", ctypes.c_int32, [handle, Batch]),
            ("llama_get_logits_ith", ctypes.POINTER(ctypes.c_float), [handle, ctypes.c_int32]),
            ("llama_free", None, [handle]),
            ("llama_model_free", None, [handle]),
        ]:
            function = getattr(library, name)
            function.restype, function.argtypes = result, given
        cls.quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, handle)(lambda *_: None)
        library.llama_log_set.argtypes = [type(cls.quiet), handle]
        library.llama_log_set(cls.quiet, None)
        library.llama_backend_init()
        cls.library = library
        return library

    def close(self):
        self.library.llama_free(self.context)
        self.library.llama_model_free(self.model)

    def eval(self, tokens):
        numbers = (ctypes.c_int32 * len(tokens))(*tokens)
        batch = self.library.llama_batch_get_one(ctypes.cast(numbers, ctypes.c_void_p), len(tokens))
        assert self.library.llama_decode(self.context, batch) == 0
        # The calculation is done when its result is asked for.
        return self.library.llama_get_logits_ith(self.context, -1)[0]

    def measure(self, prompt, output):
        self.library.llama_memory_clear(self.library.llama_get_memory(self.context), True)
        began = time.perf_counter()
        self.eval(prompt)
        read = time.perf_counter()
        for token in range(output):
            self.eval([100 + token])
        ended = time.perf_counter()
        return len(prompt) / (read - began), output / (ended - read)


class Transformers:
    def __init__(self, directory, threads):
        import torch
        from transformers import LlamaForCausalLM

        torch.set_num_threads(threads)
        self.torch = torch
        self.model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.bfloat16).eval()

    def measure(self, prompt, output):
        torch = self.torch
        with torch.inference_mode():
            began = time.perf_counter()
            done = self.model(torch.tensor([prompt]), use_cache=True, logits_to_keep=1)
            read = time.perf_counter()
            for token in range(output):
                done = self.model(
                    torch.tensor([[100 + token]]), past_key_values=done.past_key_values, use_cache=True
                )
            ended = time.perf_counter()
        return len(prompt) / (read - began), output / (ended - read)


class Monologue:
    def __init__(self, program, model, tokenizer, given):
        self.words = [
            program, "model", "speed", str(model), "--json", "--rounds", "1",
            "--prompt", str(given.prompt), "--output", str(given.output),
        ]
        if tokenizer:
            self.words += ["--tokenizer", str(tokenizer)]
        threads = str(given.threads)
        self.environment = os.environ | {
            "CANDLE_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads,
        }

    def measure(self):
        said = subprocess.run(
            self.words, env=self.environment, check=True, capture_output=True, text=True
        )
        return json.loads(said.stdout)


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("program")
    words.add_argument("--threads", type=int, default=os.cpu_count())
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--prompt", type=int, default=256)
    words.add_argument("--output", type=int, default=32)
    words.add_argument("--weights", help="where they are kept [default: a folder that is removed]")
    words.add_argument("--kinds", default="q8_0,q4_k")
    words.add_argument("--without-16-bit", action="store_true", help="leaves transformers out as well")
    words.add_argument("--without-transformers", action="store_true")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run(given, pathlib.Path(given.weights or scratch))


def run(given, folder):
    directory = folder / "safetensors"
    if not (directory / "tokenizer.json").exists():
        weights.write(directory)
    files = {}
    for name in given.kinds.split(","):
        files[name] = folder / f"{name}.gguf"
        if not files[name].exists():
            gguf_of(directory, files[name], name)
    tokenizer = directory / "tokenizer.json"
    prompt = [10 + index * 7919 % 200 for index in range(given.prompt)]
    context = given.prompt + given.output + 64
    found = {}

    def keep(name, figures):
        for what, figure in figures.items():
            found.setdefault((name, what), []).append(figure)

    for round_ in range(given.rounds):
        for name, path in files.items():
            ours = Monologue(given.program, path, tokenizer, given).measure()
            keep(f"monologue {name}", {key: it for key, it in ours.items() if isinstance(it, float)})
            engine = LlamaCpp(path, given.threads, context)
            engine.measure(prompt, 2)
            prefill, decode = engine.measure(prompt, given.output)
            keep(f"llama.cpp {name}", {"prefill": prefill, "decode": decode})
            engine.close()
        if given.without_16_bit:
            continue
        ours = Monologue(given.program, directory, None, given).measure()
        keep("monologue 16 bit", {key: it for key, it in ours.items() if isinstance(it, float)})
        if not given.without_transformers:
            engine = Transformers(directory, given.threads)
            engine.measure(prompt, 2)
            prefill, decode = engine.measure(prompt, given.output)
            keep("transformers bf16", {"prefill": prefill, "decode": decode})
            del engine
        print(f"round {round_ + 1} of {given.rounds} done", flush=True)
    table(found)


def table(found):
    def best(engine, what):
        figures = found.get((engine, what))
        return max(figures) if figures else float("nan")

    def least(engine, what):
        return min(found[(engine, what)])

    print(f"\n{'':24}{'prefill':>10}{'decode':>10}   tokens a second, best round")
    for engine in dict.fromkeys(name for name, _ in found):
        ours = engine.startswith("monologue")
        prefill = best(engine, "prefill_tokens_per_second" if ours else "prefill")
        decode = best(engine, "decode_tokens_per_second" if ours else "decode")
        print(f"{engine:24}{prefill:10.1f}{decode:10.2f}")
    print(f"\n{'ratio':52}{'found':>8}{'goal':>8}")

    def ratio(name, value, goal, below=False):
        met = value <= goal if below else value >= goal
        print(f"{name:52}{value:8.2f}{goal:8.2f}  {'met' if met else 'MISSED'}")

    for kind, goal in [("q8_0", 1.2), ("q4_k", 1.0)]:
        if (f"llama.cpp {kind}", "decode") not in found:
            continue
        ours, theirs = f"monologue {kind}", f"llama.cpp {kind}"
        decode = best(ours, "decode_tokens_per_second") / best(theirs, "decode")
        ratio(f"{kind} decode over llama.cpp, same depth", decode, goal)
        prefill = best(ours, "prefill_tokens_per_second") / best(theirs, "prefill")
        ratio(f"{kind} prefill over llama.cpp", prefill, 1.0)
        rows = best(ours, "rows_tokens_per_second") / best(ours, "decode_tokens_per_second")
        ratio(f"{kind} eight rows over one", rows, 3.0)
        copying = best(ours, "copying_tokens_per_second") / best(ours, "copying_without_guesses")
        ratio(f"{kind} guesses on a function's repair", copying, 2.5)
        second = least(ours, "second_question_seconds") / least(ours, "first_token_seconds")
        ratio(f"{kind} second question's first token", second, 0.2, below=True)
    if ("transformers bf16", "decode") in found:
        decode = best("monologue 16 bit", "decode_tokens_per_second")
        ratio("16-bit weights' decode over transformers", decode / best("transformers bf16", "decode"), 2.0)
    spread = [max(it) / statistics.median(it) for it in found.values() if 1 < len(it)]
    if spread:
        print(f"\nbest over median round: {statistics.median(spread):.2f} (how noisy this machine was)")


if __name__ == "__main__":
    main()
