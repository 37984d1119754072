"""Files of the shelf: loaded in a fresh process, on another backend, and under jit.

`fixtures/FOLDER/BACKEND.keras` was written on that backend by `make_fixtures.py`: it holds components of the shelf, and
`expected.npz` beside it what each gives on the same inputs. A component that is renamed, or that changes its
configuration, can no longer read its old files, and fails here.
"""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from make_fixtures import FIXTURES, everything, expected, folders, held, inputs, taken

import mathdl_keras

BACKENDS = ("tensorflow", "jax", "torch")


def agree(outputs, folder):
    """Float32 on three backends: sums of some 20 terms of order one."""
    for name, y in expected(folder).items():
        np.testing.assert_allclose(outputs[name], y, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("folder", folders())
@pytest.mark.parametrize("backend", BACKENDS)
def test_files_of_every_backend_load_here(backend, folder):
    model = mathdl_keras.load_model(FIXTURES / folder / f"{backend}.keras")
    agree(model.predict(inputs(held(folder)), verbose=0), folder)


def test_the_fixtures_hold_every_component_once():
    assert sorted(name for folder in folders() for name in held(folder)) == sorted(taken())


@pytest.mark.parametrize("folder", folders())
def test_a_fresh_process_loads_the_file_through_the_package(folder):
    """Keras knows a registered name only once its module is imported: `load_model` sees to that."""
    code = "import sys, mathdl_keras; print(len(mathdl_keras.load_model(sys.argv[1]).layers))"
    command = [sys.executable, "-c", code, str(FIXTURES / folder / "jax.keras")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= len(held(folder))


@pytest.mark.parametrize("folder", folders())
@pytest.mark.parametrize(
    "jit",
    [
        False,
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                keras.backend.backend() == "torch", reason="torch.compile takes a minute for a graph of this size"
            ),
        ),
    ],
)
def test_jit_on_and_off(jit, folder):
    model = everything(held(folder))
    model.set_weights(mathdl_keras.load_model(FIXTURES / folder / "jax.keras").get_weights())
    model.compile(jit_compile=jit)
    agree(model.predict(inputs(held(folder)), verbose=0), folder)
