"""Transformers, and a model that writes (§13.9).

`blocks`, `transformers` (the encoder), `decoder`, `text`, `sampling`, `ngrams` (a peer that counts), `language`.
"""
