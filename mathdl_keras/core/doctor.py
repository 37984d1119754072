"""`mathdl doctor`: what this machine has, and what each backend makes of float64.

Each backend is examined in a process of its own, since one process runs one backend.
"""

import json
import os
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from mathdl_keras.core.backend import BACKENDS, installed
from mathdl_keras.core.report import environment

__all__ = ["examine", "probe"]

PROBED = "add einsum exp log matmul max maximum mean mse solve sqrt sum tanh var".split()


def examine(console: Console) -> int:
    """Prints versions, backends, the float64 probe, cores and devices; 0 if a backend works, else 1."""
    env = environment()
    for key in ("mathdl_keras", "python", "keras", "numpy", "platform", "cores"):
        console.print(f"{key:14}{env[key]}", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("backend", "version", "import", "devices", "float64 lost by"):
        table.add_column(heading)
    works = [_row(name, table) for name in BACKENDS]
    console.print("", table)
    return 0 if any(works) else 1


def _row(name, table) -> bool:
    if name not in installed():
        table.add_row(name, f'[dim]not installed: pip install ".\\[{name}]"[/]')
        return False
    command = [sys.executable, "-m", "mathdl_keras.core.doctor"]
    env = os.environ | {"KERAS_BACKEND": name, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        table.add_row(name, f"[red]does not run: {(done.stderr.strip().splitlines() or ['?'])[-1]}[/]")
        return False
    found = json.loads(done.stdout.splitlines()[-1])
    lost = ", ".join(found["lost"]) or "no operation probed"
    table.add_row(name, found["version"], f"{found['seconds']:.1f} s", found["devices"], lost)
    return True


def probe() -> dict:
    """The backend of this process: its version, import time, devices, and the operations that drop float64."""
    start = time.perf_counter()
    import keras

    seconds = time.perf_counter() - start
    from mathdl_keras.core.precision import dtype_of, float64

    with float64():
        lost = [name for name in PROBED if dtype_of(_operation(name)()) != "float64"]
    devices = ", ".join(_devices())
    version = environment()["backend"].partition(" ")[2]
    return {"version": version, "seconds": seconds, "devices": devices, "lost": lost}


def _devices() -> list[str]:
    import keras

    if keras.backend.backend() == "torch":
        return [str(keras.ops.zeros(1).device)]
    return keras.distribution.list_devices()


def _operation(name):
    import numpy as np
    from keras import losses, ops

    a = np.eye(2)
    special = {
        "einsum": lambda: ops.einsum("ij,jk->ik", a, a),
        "mse": lambda: losses.mean_squared_error(a, 2 * a),
        "maximum": lambda: ops.maximum(ops.convert_to_tensor(a), 0.0),
    }
    two = name in ("add", "matmul", "solve")
    return special.get(name, lambda: getattr(ops, name)(a, a) if two else getattr(ops, name)(a + 1))


if __name__ == "__main__":
    print(json.dumps(probe()))
