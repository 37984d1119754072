"""The book, chapter by chapter: `ch01` to `ch24`, and the appendices `app_a` and `app_b`.

Each package's docstring maps the sections of its chapter; `python -m mathdl_keras.chapters.ch14`
runs one. A component stands in the chapter that teaches it and may use the ground floor
(`mathdl_keras.core`) and earlier chapters. Importing a chapter's package loads nothing: import its
modules, or the shelf (`mathdl_keras.layers` and its neighbours).
"""
