"""The benchmark suite: ``python -m benchmarks --help``; ``python -m benchmarks.overhead`` is what tests hold.

Every comparison has both sides in one run, and every result is checked before its time is believed.
"""
