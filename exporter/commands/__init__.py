"""The commands, a file each: a function of the module's name takes the flags and gives the exit code."""
