"""Forests: from a table's rows to trees, to an export, to predictions and scores.

Pure functions over arrays, Arrow tables and paths. `encoding`, `rows`, `parameters`, `batches`,
`labels` and `serving` load no scikit-learn, so that the web process stays small.
"""
