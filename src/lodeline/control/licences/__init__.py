"""What a licence covers, how one is asked for, and what its end users need."""
