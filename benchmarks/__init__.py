"""`./run.sh bench [NAME...]`: Grove beside its yardsticks, both measured in the same run.

docs/benchmarks.md says what each benchmark measures, and how to read its table.
"""
