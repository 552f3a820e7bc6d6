"""One loophole, one file, one pure function from frames to findings."""
