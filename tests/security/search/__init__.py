"""Where a value stands that should stand nowhere: the places of a server where such values have been found before."""
