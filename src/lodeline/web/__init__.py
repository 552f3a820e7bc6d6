"""The web room: pages and API over the service.

What it draws is made by `drawing`, which knows neither Django nor a database.
"""
