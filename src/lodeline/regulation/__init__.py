"""What the law says on a day, as it could be known on another. No legal number stands in code."""
