"""The scenario language: YAML to frozen typed models, every fault in one pass with file, line and column.

`load` reads a file, `models` and `steps` are what it gives, `schema` describes the language to editors.
"""
