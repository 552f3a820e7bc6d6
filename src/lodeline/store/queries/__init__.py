"""All SQL that the layers above ask the store with, a module for each subject; rows come as the database has them."""
