#!/usr/bin/env bash
# Tests of the core, conformance and benchmarks on a machine with a GPU, on PyTorch and JAX.
#
# usage: benchmarks/gpu.sh [OUT]     in the repository's root; logs and tables go to OUT (default: results/gpu)
#
# The machine needs torch and jax for its GPU, pytest and the requirements of setup.cfg. Where there is no registry, put
# wheels of what is missing into .wheels first: pip download --no-deps -d .wheels keras optree namex gymnasium ...
set -uo pipefail
out=${1:-results/gpu}
mkdir -p "$out"
if compgen -G ".wheels/*.whl" >/dev/null; then
  python3 -m pip install -q --no-index --no-deps --no-compile --target "$out/.site" .wheels/*.whl || exit 1
  export PYTHONPATH="$out/.site${PYTHONPATH:+:$PYTHONPATH}"
fi
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" XLA_PYTHON_CLIENT_PREALLOCATE=false PYTHONUNBUFFERED=1 COLUMNS=160
# Tolerances are those of float32. By default a GPU multiplies float32 matrices in TF32, with 11 bits.
export NVIDIA_TF32_OVERRIDE=0 JAX_DEFAULT_MATMUL_PRECISION=highest
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader

tests() { # backend: the tests, on all cores if pytest-xdist is there
  local parallel=()
  python3 -c "import xdist" 2>/dev/null && parallel=(-n "${JOBS:-6}")
  KERAS_BACKEND=$1 timeout "${TEST_SECONDS:-240}" python3 -m pytest -q "${parallel[@]}" tests/core tests/conformance \
    --ignore tests/core/test_cli.py >"$out/tests-$1.log" 2>&1
  echo "tests $1: $(tail -n 1 "$out/tests-$1.log")"
}

for backend in torch jax; do tests $backend & done
wait
for backend in torch jax; do
  KERAS_BACKEND=$backend python3 -c "from mathdl_keras.core.doctor import examine; from rich.console import Console; examine(Console(width=120))"
  for name in ${BENCHMARKS:-step layers convolution backprop sequence generative}; do
    KERAS_BACKEND=$backend timeout "${BENCHMARK_SECONDS:-60}" python3 -m benchmarks $name --rounds 7 2>&1 |
      grep -v -i warning | tee -a "$out/benchmarks-$backend.log"
  done
done
