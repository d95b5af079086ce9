"""The worker's app. This package only tells the server where its templates and built files are;
the app itself is TypeScript in ``src/``.
"""
