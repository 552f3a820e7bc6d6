"""What an independent measurement of a few items says of a site's books: plans, differences, laboratories."""
