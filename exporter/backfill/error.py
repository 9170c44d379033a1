class BackfillError(Exception):
    """The backfill cannot do what its flags ask. The message is one line."""


class TokenInUseError(Exception):
    """A running exporter polls with a token. The message is one line that says how to go on."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"operation {operation}: its token is in use by a running exporter on this storage; stop that for the time"
            " of the backfill, or give the backfill a second token of the operation and a storage of its own"
        )


class InterruptedByUserError(Exception):
    """A signal came. It ends the writing of the file, and the command."""
