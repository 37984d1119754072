"""`python -m mathdl_keras.chapters.app_b`: see `--help`."""

from mathdl_keras.core.cli import chapter_main

raise SystemExit(chapter_main("app_b"))
