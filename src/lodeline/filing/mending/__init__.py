"""What would mend a cell: cures that the cell itself says, guesses from what the filer knows."""
