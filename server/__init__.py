"""The Starlette application: settings, accounts and sessions, console pages, integrator API and
the ``wangge`` command line. May import every other room.
"""
