"""Transformers, and a model that writes (§13.9).

`transformers` (blocks and encoder), `decoder`, `text`, `sampling`, `ngrams` (a peer that counts), `language`.
"""
