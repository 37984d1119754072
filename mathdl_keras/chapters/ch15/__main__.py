"""`python -m mathdl_keras.chapters.ch15`: see `--help`."""

from mathdl_keras.core.cli import chapter_main

raise SystemExit(chapter_main("ch15"))
