"""``import anygrad`` in a fresh process, against the imports of the peers: start-up."""

CASES = {"start-up": {}}
QUICK = {}
MEASURE = "start-up"
