"""Code that was never written for anygrad, called on its tensors: SciPy, scikit-learn and their like.

``python -m pytest tests/consumers`` runs it; the default run does not. ``names/`` says which functions,
and was written before the work on them, ``cases/`` how each is called and what comes of it. ``TABLE.md`` is
generated.
"""
