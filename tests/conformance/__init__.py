"""The Array API's own tests on anygrad: ``python -m tests.conformance PATH``, a checkout of array-api-tests.

For each array library a file lists the tests that fail over it, each group with its cause. They
excuse nothing that is ours to mend: what they name is the library's own answer.
"""
