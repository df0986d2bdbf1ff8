"""Distances between spike trains, one a file: each of two trains, and as a matrix of all pairs of many."""
