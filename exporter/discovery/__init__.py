"""Which campaigns there are, and which of them are asked for. Pure: every moment is passed in."""
