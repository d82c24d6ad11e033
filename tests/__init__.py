"""The tests. Each area of the product has a directory of the same name."""
