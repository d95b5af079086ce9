"""What browsers get besides the console and the API: sign-in pages, the worker's app, static
files, health and metrics.
"""
