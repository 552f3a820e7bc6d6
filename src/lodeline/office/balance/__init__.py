"""What inspectors enter about the books of a site."""
