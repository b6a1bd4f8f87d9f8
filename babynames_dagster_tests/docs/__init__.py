"""Documents made from the code: settings, errors, commands. `make docs` brings them up to date; tests compare them."""
