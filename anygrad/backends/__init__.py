"""Array libraries: the only modules that name one. Each is imported when a device or an array of it is first used."""
