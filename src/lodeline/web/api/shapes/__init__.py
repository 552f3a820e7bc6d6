"""The shapes of answers, as the published schema has them. Keys are a contract; more may be added to any of them.

Masses are exact decimal texts in kilograms, days `YYYY-MM-DD`, months `YYYY-MM`; what is not known is null.
"""
