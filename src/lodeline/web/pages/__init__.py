"""The pages, one module each: a function from a visit to an answer, with its template beside the others."""
