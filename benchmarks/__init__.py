"""Ours against a peer, timed side by side: `python -m benchmarks list`."""
