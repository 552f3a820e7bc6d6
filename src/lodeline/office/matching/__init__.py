"""Records of other authorities: who hands them in, and what a firm sees of them."""
