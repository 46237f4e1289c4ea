"""What turns examples into the rows that metrics compare: one module a kind of example."""
