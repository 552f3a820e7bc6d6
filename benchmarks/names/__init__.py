"""A labelled set of pairs of company names; see README.md beside it for what is published and what is made by rule."""
