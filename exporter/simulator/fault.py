"""Everything that the simulated API can do wrong or otherwise, in one table, and which of it is switched on."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from exporter.model import ApiName, Reason


class Fault(StrEnum):
    """A way to misbehave. Names of failures begin with the reason that a poll should fail with."""

    AUTH = "auth"
    AUTH_MISSING = "auth_missing"
    QUOTA = "quota"
    CONCURRENCY = "concurrency"
    CONCURRENCY_429 = "concurrency_429"
    FORBIDDEN = "forbidden"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    NOT_FOUND_ID = "not_found_id"
    REDIRECT = "redirect"
    SERVER_ERROR = "server_error"
    HTTP = "http"
    CONNECT = "connect"
    CONNECT_RESET = "connect_reset"
    CONNECT_MIDWAY = "connect_midway"
    CONNECT_SHORT = "connect_short"
    TIMEOUT = "timeout"
    TIMEOUT_TRICKLE = "timeout_trickle"
    TOO_LARGE = "too_large"
    TOO_LARGE_GZIP = "too_large_gzip"
    INVALID_RESPONSE = "invalid_response"
    INVALID_RESPONSE_HTML = "invalid_response_html"
    INVALID_RESPONSE_UTF8 = "invalid_response_utf8"
    INVALID_RESPONSE_SHAPE = "invalid_response_shape"
    INVALID_RESPONSE_ENCODING = "invalid_response_encoding"
    INVALID_RESPONSE_NAN = "invalid_response_nan"
    INVALID_RESPONSE_INFINITY = "invalid_response_infinity"
    INVALID_RESPONSE_NEGATIVE = "invalid_response_negative"
    INVALID_RESPONSE_FRACTION = "invalid_response_fraction"
    INVALID_RESPONSE_WORDS = "invalid_response_words"
    AUTH_CODE = "auth_code"
    QUOTA_CODE = "quota_code"
    ODD_EMPTY = "odd_empty"
    ODD_EMPTY_LIST = "odd_empty_list"
    ODD_EMPTY_CODE = "odd_empty_code"
    ODD_TOTAL = "odd_total"
    ODD_BLANK = "odd_blank"
    ODD_LOWER = "odd_lower"
    ODD_SPELLING = "odd_spelling"
    ODD_NUMBERS = "odd_numbers"
    ODD_PERCENT = "odd_percent"
    ODD_FLOOD = "odd_flood"
    ODD_LONG = "odd_long"
    ODD_BARE = "odd_bare"
    ODD_OBJECT = "odd_object"
    ODD_FIELDS = "odd_fields"
    ODD_TWICE = "odd_twice"
    ODD_NAMES = "odd_names"


DESCRIPTIONS = {
    Fault.AUTH: "403, PLEASE VALIDATE TOKEN.",
    Fault.AUTH_MISSING: "401, PLEASE ENTER THE WOLKVOX-TOKEN.",
    Fault.AUTH_CODE: "HTTP 200 around the envelope of a refused token.",
    Fault.QUOTA: "403, TOKEN LIMIT EXCEEDED.",
    Fault.QUOTA_CODE: "HTTP 200 around the envelope of a quota that is used up.",
    Fault.CONCURRENCY: "403, EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN.",
    Fault.CONCURRENCY_429: "429 with an HTML body, as a gateway in between would.",
    Fault.FORBIDDEN: "403 with the message of a server backup.",
    Fault.BAD_REQUEST: "400, SOME PARAMETERS ARE REQUIRED.",
    Fault.NOT_FOUND: "404 with an HTML body.",
    Fault.NOT_FOUND_ID: "404 with an envelope that says that the campaign does not exist.",
    Fault.REDIRECT: "302 to another address, which can be set.",
    Fault.SERVER_ERROR: "500 with an HTML body.",
    Fault.HTTP: "418, a status that nobody expects.",
    Fault.CONNECT: "The connection is closed without an answer.",
    Fault.CONNECT_RESET: "The connection is reset without an answer.",
    Fault.CONNECT_MIDWAY: "The connection is closed after half of a chunked body.",
    Fault.CONNECT_SHORT: "The connection is closed before the announced Content-Length is reached.",
    Fault.TIMEOUT: "Nothing is ever answered.",
    Fault.TIMEOUT_TRICKLE: "The body comes a byte at a time and never ends.",
    Fault.TOO_LARGE: "A valid report in a body of 11 MiB.",
    Fault.TOO_LARGE_GZIP: "A body of 16 MiB in a few KiB of gzip.",
    Fault.INVALID_RESPONSE: "200 with a body that is not JSON: a PHP warning.",
    Fault.INVALID_RESPONSE_HTML: "200 with an HTML page.",
    Fault.INVALID_RESPONSE_UTF8: "A report in ISO 8859-1 with a letter that is not UTF-8.",
    Fault.INVALID_RESPONSE_SHAPE: "An envelope whose data is an object instead of a list.",
    Fault.INVALID_RESPONSE_ENCODING: "Content-Encoding gzip over a body that is not.",
    Fault.INVALID_RESPONSE_NAN: "A row with NaN records.",
    Fault.INVALID_RESPONSE_INFINITY: "A row with Infinity records.",
    Fault.INVALID_RESPONSE_NEGATIVE: "A row with negative records.",
    Fault.INVALID_RESPONSE_FRACTION: "A row with fractional records.",
    Fault.INVALID_RESPONSE_WORDS: "A row with a word for its records.",
    Fault.ODD_EMPTY: "The 404 of a window without rows.",
    Fault.ODD_EMPTY_LIST: "200 with an empty list.",
    Fault.ODD_EMPTY_CODE: "HTTP 200 around the envelope of a window without rows.",
    Fault.ODD_TOTAL: "A TOTAL row after the others.",
    Fault.ODD_BLANK: "Two rows more without a result: one with 7 records, one with none, as in the vendor's sample.",
    Fault.ODD_LOWER: "Results in lower case.",
    Fault.ODD_SPELLING: "Results with spaces and underscores instead of hyphens, padded.",
    Fault.ODD_NUMBERS: "Records as JSON numbers, the code too.",
    Fault.ODD_PERCENT: "Percent with decimal commas, without a sign, unreadable, outside 0 to 100, or missing.",
    Fault.ODD_FLOOD: "Forty results more that nobody knows; of the other APIs, 10,000 campaigns more.",
    Fault.ODD_LONG: "A result more with a name of 300 characters; of the other APIs, a name of 300,000 characters.",
    Fault.ODD_BARE: "The rows without an envelope. This and the next four change no report of a campaign.",
    Fault.ODD_OBJECT: "An object with numbers for keys in place of the list, as PHP writes lists with gaps.",
    Fault.ODD_FIELDS: "A third of the fields missing, blank, of another type or unreadable.",
    Fault.ODD_TWICE: "Each row twice.",
    Fault.ODD_NAMES: "Names with control characters, HTML and line breaks.",
}
"""What each fault does, in one sentence."""

REASONS = {fault: next((reason for reason in Reason if fault.startswith(reason)), None) for fault in Fault}
"""What a poll should fail with; None where it should succeed (the names that begin with `odd`)."""


NOWHERE = "http://127.0.0.1:9/"
"""Where redirects lead unless told otherwise: the discard port, where nobody listens."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault that is switched on, and for what; the empty text stands for any."""

    fault: Fault
    token: str = ""
    """The hash of the token, see `fingerprint`."""
    campaign: str = ""
    count: int | None = None
    """Requests that it still strikes; None: all until it is switched off."""
    chance: float = 1.0
    """Probability to strike a request."""
    location: str = NOWHERE
    """What a redirect points to."""
    api: str = ""
    """A value of `ApiName`."""

    @property
    def scope(self) -> tuple[str, str, str]:
        """What it is switched on for."""
        return self.token, self.campaign, self.api

    def concerns(self, token: str, campaign: str, api: str) -> bool:
        """Tell whether a request is in its scope."""
        return self.token in ("", token) and self.campaign in ("", campaign) and self.api in ("", api)


class Faults:
    """The faults switched on: one for each scope, the narrowest wins."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._rules: dict[tuple[str, str, str], Rule] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those switched on, a campaign's before an API's before a token's before those of all."""
        return tuple(sorted(self._rules.values(), key=lambda rule: (not rule.campaign, not rule.api, not rule.token)))

    def switch_on(self, rule: Rule) -> None:
        """Let it strike from the next request on, in place of another of the same scope."""
        self._rules[rule.scope] = rule

    def switch_off(self, token: str = "", campaign: str = "", api: str = "") -> int:
        """End those of a token, a campaign, an API, of some of these together, or all; returns how many."""
        wanted = token, campaign, api
        ended = [
            scope for scope in self._rules if all(want in ("", has) for want, has in zip(wanted, scope, strict=True))
        ]
        for scope in ended:
            del self._rules[scope]
        return len(ended)

    def draw(self, token: str, campaign: str, api: str = ApiName.CAMPAIGN_4) -> Rule | None:
        """Pick the fault that strikes a request."""
        for rule in self.rules:
            if rule.concerns(token, campaign, api) and (rule.chance >= 1 or self._rng.random() < rule.chance):
                self._spend(rule)
                return rule
        return None

    def _spend(self, rule: Rule) -> None:
        if rule.count is None:
            return
        if rule.count <= 1:
            del self._rules[rule.scope]
        else:
            self._rules[rule.scope] = replace(rule, count=rule.count - 1)
