"""Words of pages in both languages; numbers, masses and days as readers expect them."""
