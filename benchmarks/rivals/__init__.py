"""One module a library: each trains a `Recipe` as its own users would, and says what it lacks."""
