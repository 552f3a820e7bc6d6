"""Who is who: names in any script brought to parts that can be compared, found among a million, and judged.

A number decides first (`identifier`), then names (`name`, `likeness`, `index`), then who owns whom (`ownership`). What
is said about two names is a probability with its reasons, never a fact: a person decides what to merge.
"""
