"""The lot graph: where a lot came from, where it went, and which part of each element did so.

`index` writes and opens the graph, `trace` and `origins` ask it, `walk` computes their shares, `bounds` says how far
they can be off. `routes` follows the heaviest ways, `everywhere` asks for the origins of all lots.
"""
