"""Work beside requests: the queue and the workers."""
