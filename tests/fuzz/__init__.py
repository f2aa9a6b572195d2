"""Inputs made by chance, against what the documents say: bounded as tests, long as commands.

`python -m tests.fuzz.csv` reads tables, `python -m tests.fuzz.api` asks a running service.
"""
