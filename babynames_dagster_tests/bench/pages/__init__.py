"""The figures that were measured last, and the pages and pictures made of them."""
