"""Recurrent networks, from one loop over time to encoders and decoders (§13.3 to §13.5, §13.7).

`recurrence` (the loop and its derivative), `recurrent_cell` (what cells share), `elman_jordan`, `lstm` and `gru` (the
cells), `rnn`, `layers` and `bidirectional` (the loops as layers), `bptt` and `truncation` (training by hand),
`seq2seq`.
"""
