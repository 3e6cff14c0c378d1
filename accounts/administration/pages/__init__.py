"""The pages about the rows of this floor, one module for each topic."""
