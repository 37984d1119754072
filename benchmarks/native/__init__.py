"""Programs for one backend alone, against which ours are timed."""
