"""The table that gpu.sh prints: logits against torch, then tokens a second.

    python benches/model/gpu.py PROGRAM DIRECTORY
"""

import json
import subprocess
import sys
import time

import torch
from transformers import LlamaForCausalLM

# Bytes a second that an H200's memory gives, as measured by others; weights read for each token.
BANDWIDTH = 4.3e12
TOKENS = [3 + index * 7919 % 250 for index in range(96)]


def spoken(program, *words):
    done = subprocess.run([program, *words], check=True, capture_output=True, text=True)
    return done.stdout


def logits(program, directory, model):
    """The same in bfloat16 on both sides: differences are rounding, and argmax may flip where it is close."""
    said = spoken(program, "--device", "cuda", "model", "logits", directory, *map(str, TOKENS))
    ours = torch.tensor([json.loads(line) for line in said.splitlines()])
    with torch.inference_mode():
        theirs = model(torch.tensor([TOKENS], device="cuda")).logits[0].float().cpu()
    exact = model.float()
    with torch.inference_mode():
        wanted = exact(torch.tensor([TOKENS], device="cuda")).logits[0].cpu()
    for name, found in [("monologue bf16", ours), ("transformers bf16", theirs)]:
        off = (found - wanted).abs().max().item()
        same = (found.argmax(1) == wanted.argmax(1)).float().mean().item()
        print(f"{name:20} off f32 by at most {off:.4f}, argmax equal {same:6.1%}")
    model.to(torch.bfloat16)


def transformers_speed(model, prompt, output):
    tokens = torch.tensor([(TOKENS * (1 + prompt // len(TOKENS)))[:prompt]], device="cuda")

    def run():
        with torch.inference_mode():
            done = model(tokens, use_cache=True, logits_to_keep=1)
            torch.cuda.synchronize()
            began = time.perf_counter()
            for token in range(output):
                one = torch.tensor([[100 + token % 100]], device="cuda")
                done = model(one, past_key_values=done.past_key_values, use_cache=True)
            torch.cuda.synchronize()
        return output / (time.perf_counter() - began)

    run()
    return max(run() for _ in range(3))


def main():
    program, directory = sys.argv[1:]
    model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.bfloat16).to("cuda").eval()
    logits(program, directory, model)
    peer = transformers_speed(model, 512, 128)
    bytes_ = sum(it.numel() for name, it in model.named_parameters() if "embed_tokens" not in name) * 2
    del model
    torch.cuda.empty_cache()
    ours = json.loads(
        spoken(program, "--device", "cuda", "model", "speed", directory, "--json",
               "--prompt", "512", "--output", "128", "--rounds", "3")
    )
    roof = BANDWIDTH / bytes_
    alone, rows = ours["decode_tokens_per_second"], ours["rows_tokens_per_second"]
    copying = ours["copying_tokens_per_second"] / ours["copying_without_guesses"]
    print(f"\nmemory limit at {BANDWIDTH / 1e12:.1f} TB/s: {roof:.0f} tokens/s; transformers {peer:.1f}")
    for name, value, goal in [
        ("decode, tokens/s", alone, 195),
        ("decode over transformers", alone / peer, 1.5),
        ("decode over the memory limit", alone / roof, 0.6),
        ("eight rows over one", rows / alone, 6),
        ("guesses on a function's repair", copying, 4),
    ]:
        print(f"{name:34}{value:10.2f}   goal {goal:6.2f}  {'met' if value >= goal else 'MISSED'}")
    print(f"{'prefill, tokens/s':34}{ours['prefill_tokens_per_second']:10.1f}")


if __name__ == "__main__":
    main()
