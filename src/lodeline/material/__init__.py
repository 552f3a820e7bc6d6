"""Elements, masses, compositions, products: exact integers and cited constants, nothing else."""
