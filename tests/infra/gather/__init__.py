"""Runs on the server, as root, by python3 >= 3.9: reads at once all that the checks look at, and prints it as JSON.

Nothing but the standard library, since the server has nothing else. It changes nothing but the data checks' own row,
document and key, which it takes away again. No secret's value is printed: the search for them happens here, and only
names and places are told.
"""
