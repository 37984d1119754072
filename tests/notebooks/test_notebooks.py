"""Every notebook is what its script says, and runs from its first cell to its last."""

import os
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import mathdl_keras
from mathdl_keras.core.chapters import CHAPTERS

FOLDER = Path(__file__).parents[2] / "chapters"
SCRIPTS = sorted(FOLDER.glob("*.py"))

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def notebook_of(script):
    return nbformat.read(script.with_suffix(".ipynb"), as_version=4)


def test_every_ready_chapter_has_a_notebook_and_every_notebook_a_script():
    scripts = {path.stem for path in SCRIPTS}
    assert scripts, f"no script in {FOLDER}"
    assert scripts == {path.stem for path in FOLDER.glob("*.ipynb")}
    assert scripts == {chapter.name for chapter in CHAPTERS if chapter.ready}


@each_script
def test_notebook_is_in_step_with_its_script(script):
    notebook, source = notebook_of(script), jupytext.read(script)
    nbformat.validate(notebook)
    cells, expected = ([(c.cell_type, c.source) for c in n.cells] for n in (notebook, source))
    assert cells == expected, f"run `jupytext --update --to ipynb chapters/{script.name}`"


@each_script
def test_notebook_has_no_outputs_and_asks_colab_for_a_gpu(script):
    notebook = notebook_of(script)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.accelerator == "GPU"
    assert notebook.metadata.colab == {"gpuType": "T4", "provenance": []}


@each_script
def test_notebook_installs_in_one_cell_and_names_no_address(script):
    cells = notebook_of(script).cells
    assert sum("%pip install" in cell.source for cell in cells) == 1
    assert not any("://" in cell.source for cell in cells)


@each_script
def test_notebook_runs(script, tmp_path):
    outputs = executed(notebook_of(script), tmp_path)
    assert any("image/png" in output.get("data", {}) for output in outputs), "no cell shows a figure"
    assert not any(output.output_type == "error" for output in outputs)
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "not yet. " in printed and ": correct" not in printed, "the exercises are for the student to solve"
    assert list(tmp_path.glob("[!.]*")) == [], "a notebook leaves no files behind"


def test_a_cell_that_raises_is_seen_and_nothing_is_installed(tmp_path):
    cell = nbformat.v4.new_code_cell("%pip install --no-index nothing\nprint('after')\nraise OSError('here')")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    with pytest.raises(CellExecutionError):
        executed(notebook, tmp_path)
    printed, raised = notebook.cells[0].outputs
    assert (printed.text, raised.ename, raised.evalue) == ("after\n", "OSError", "here")


def executed(notebook, folder):
    """The outputs of all cells, run in `folder` by this interpreter; a cell that raises, raises here."""
    for cell in notebook.cells:
        cell.source = re.sub(r"^(?=\s*[%!]\s*pip\b)", "# ", cell.source, flags=re.MULTILINE)
    # without folders to search, `python3` is this interpreter's own kernel, whatever else is installed for the user
    kernels = KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels)
    client = NotebookClient(notebook, km=manager, timeout=300, resources={"metadata": {"path": str(folder)}})
    package = Path(mathdl_keras.__file__).parents[1]  # the one that the other tests test
    paths = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    client.execute(env=os.environ | {"PYTHONPATH": paths, "IPYTHONDIR": str(folder / ".ipython")})
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]
