"""Array libraries: the only modules that name one, each imported when a device or array of it is used."""
