"""Benchmarks of the whole and of its parts, beside peers on the same machine in the same run.

``python -m bench [--only NAME]`` prints a table and writes ``bench/results.json``. Every figure
comes from answers that were checked: a fast error is not speed. Nothing here is imported by the
product.
"""
