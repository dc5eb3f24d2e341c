#!/bin/bash
# Builds monologue for CUDA on a machine that has no GPU and no CUDA toolkit.
#
#     benches/model/cuda.sh [FOLDER FOR 1.5 GB]     # then: FOLDER/target/release/monologue
#
# The compiler and the libraries come from the Python package index; libcuda.so, which belongs to the
# driver, is stood in for by one without content, which is enough to link. Takes about a quarter of an hour
# of two cores. The program starts only where the driver's own libcuda.so.1 is.
set -euo pipefail
folder=$(realpath -m "${1:-/tmp/monologue-cuda}")
root=$(dirname "$(dirname "$(dirname "$(realpath "$0")")")")
mkdir -p "$folder"
[ -d "$folder/venv" ] || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "nvidia-cuda-nvcc==13.0.*" "nvidia-cuda-runtime==13.0.*" \
    "nvidia-cuda-nvrtc==13.0.*" "nvidia-cuda-crt==13.0.*" "nvidia-nvvm==13.0.*" \
    "nvidia-cuda-cccl==13.0.*" "nvidia-cublas==13.0.*" "nvidia-curand==10.4.0.*"
wheels=$(echo "$folder"/venv/lib/python3*/site-packages/nvidia/cu13)
home=$folder/cuda
rm -rf "$home"
mkdir -p "$home/lib64/stubs"
for part in bin nvvm include; do ln -s "$wheels/$part" "$home/$part"; done
for file in "$wheels"/lib/*; do ln -s "$file" "$home/lib64/$(basename "$file")"; done
for library in cublas:13 cublasLt:13 cudart:13 curand:10 nvrtc:13; do
    name=${library%%:*}
    ln -sf "$wheels/lib/lib$name.so.${library##*:}" "$home/lib64/lib$name.so"
done
ln -s lib64 "$home/lib"
# Every function of the driver that the bindings name.
(cd "$root" && cargo fetch)
bindings=$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/cudarc-0.19.* | tail -1)
grep -rhoE '\bcu[A-Z][A-Za-z0-9_]*' "$bindings/src/driver/sys" | sort -u \
    | sed 's/.*/void &(void){}/' > "$folder/stub.c"
gcc -shared -fPIC -w -Wl,-soname,libcuda.so.1 -o "$home/lib64/stubs/libcuda.so" "$folder/stub.c"
ln -sf stubs/libcuda.so "$home/lib64/libcuda.so"
cd "$root"
export CUDA_HOME=$home PATH=$home/bin:$PATH NVCC_CCBIN=${NVCC_CCBIN:-/usr/bin/g++}
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-90} CARGO_TARGET_DIR=$folder/target
nice cargo build --release --features cuda
ls -l "$folder/target/release/monologue"
