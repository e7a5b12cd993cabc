"""The cases, a module for each library or part of one: ``LIBRARY`` says of which, ``CASES`` are they."""
