"""`information.php?api=token_info`: the vendor's own count of its quota. Asking costs one request of it."""

from exporter.model import ApiName, Failure, VendorQuota
from exporter.wolkvox.companion import InvalidError, parse
from exporter.wolkvox.figures import count


class _Quota:
    """The first row that has a figure, or else a figure's key."""

    fields = frozenset({"token_limit", "available_consumption_options", "token_use_today", "all_token_today"})

    def __init__(self) -> None:
        self._found: VendorQuota | None = None

    def add(self, row: object) -> None:
        """Take a row."""
        if self._found in {None, VendorQuota()} and isinstance(row, dict) and self.fields & row.keys():
            self._found = VendorQuota(
                limit=count(row.get("token_limit")),
                available=count(row.get("available_consumption_options")),
                used_by_token=count(row.get("token_use_today")),
                used_by_all=count(row.get("all_token_today")),
            )

    def answer(self) -> VendorQuota:
        """What it says. Raises `InvalidError`."""
        if self._found is None:
            raise InvalidError("it has none of its figures")
        return self._found


def parse_token_info(status: int, body: bytes) -> VendorQuota | Failure:
    """What the whole answer means; see `companion.parse`.

    Args:
        status: HTTP status.
        body: Decoded from its Content-Encoding.

    Returns:
        The figures, of which any may be missing; or why there are none.
    """
    quota = _Quota()
    return parse(ApiName.TOKEN_INFO, status, body, collector=quota, answer=quota.answer, empty=None)
