"""`python -m mathdl_keras`: the same as `mathdl`."""

from mathdl_keras.core.cli import main

raise SystemExit(main())
