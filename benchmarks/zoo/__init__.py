"""The check on networks that nobody here wrote: no false alarm, and faults that are found."""
