"""What goods are: by composition, form, code, model, history and words; and what lists name of them."""
