"""The speed of a sweep, beside that of the frameworks: `make bench`."""
