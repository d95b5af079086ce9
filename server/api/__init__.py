"""The integrator API under ``/api/v1``: one operation per function, one table of operations from
which both the routes and the OpenAPI document are made.
"""
