"""`python -m mathdl_keras.chapters.ch02`: see `--help`."""

from mathdl_keras.core.cli import chapter_main

raise SystemExit(chapter_main("ch02"))
