#!/bin/bash
# What the model does on a GPU, in one go: makes random weights of SemCoder's shape (6.7 billion, bfloat16),
# checks logits against torch, and prints tokens a second beside the goals and beside transformers.
#
#     benches/model/gpu.sh path/to/monologue [FOLDER FOR 14 GB OF WEIGHTS]
#
# The program must be built with `--features cuda` (benches/model/cuda.sh does that without a GPU). Python
# needs torch with CUDA, transformers, safetensors and tokenizers. Takes about ten minutes.
#
# This has not been run on a GPU yet: none was at hand when it was written.
set -euo pipefail
program=$(realpath "$1")
folder=${2:-$(mktemp -d)}
here=$(dirname "$(realpath "$0")")
# The CUDA libraries that came with torch, for where no toolkit is installed.
libraries=$(python - <<'PY'
import pathlib
import site
roots = [pathlib.Path(it) / "nvidia" for it in site.getsitepackages()]
print(":".join(str(it) for root in roots for it in root.glob("*/lib")))
PY
)
export LD_LIBRARY_PATH="$libraries:${LD_LIBRARY_PATH:-}"
if ldd "$program" | grep "not found"; then
    echo "these libraries are missing; put them on LD_LIBRARY_PATH" >&2
    exit 1
fi
nvidia-smi --query-gpu=name,memory.total --format=csv,noheader || true
[ -e "$folder/tokenizer.json" ] || python "$here/weights.py" "$folder" --size 7b --device cuda
python "$here/gpu.py" "$program" "$folder"
