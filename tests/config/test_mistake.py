from exporter.config.mistake import ConfigError, Mistakes, dotted, quoted


def test_paths_are_dotted() -> None:
    assert dotted(()) == "document"
    assert dotted(("operations", 0, "campaigns", 1, "id")) == "operations[0].campaigns[1].id"


def test_odd_keys_are_not_shown() -> None:
    assert dotted(("operations", 0, "a key: x")) == "operations[0].?"
    assert dotted(("x" * 50,)) == "?"


def test_nothing_below_a_secret_is_shown() -> None:
    assert dotted(("operations", 0, "token", "made-up", 1)) == "operations[0].token"
    assert dotted(("operations", 0, "proxy_url", "made-up")) == "operations[0].proxy_url"


def test_quotations_are_short_and_printable() -> None:
    assert quoted("a'b") == '"a\'b"'
    assert quoted("line\nbreak\u202e") == r"'line\nbreak\u202e'"
    assert len(quoted("x" * 1_000)) < 70


def test_mistakes_come_in_the_order_of_lines_and_once() -> None:
    mistakes = Mistakes("config.yml", {("a",): 9, ("b",): 2})
    mistakes.add(("a", 3, "c"), "is wrong")
    mistakes.add(("b",), "is wrong")
    mistakes.add(("b",), "is wrong")
    mistakes.add_at(1, (), "is odd")
    mistakes.warn(("a",), "is doubtful")
    mistakes.warn(("c",), "is doubtful")
    assert mistakes.errors == (
        "config.yml:1: document: is odd",
        "config.yml:2: b: is wrong",
        "config.yml:9: a[3].c: is wrong",
    )
    assert mistakes.warnings == ("config.yml:1: c: is doubtful", "config.yml:9: a: is doubtful")


def test_the_error_holds_every_line() -> None:
    error = ConfigError(("one", "two"))
    assert error.mistakes == ("one", "two")
    assert str(error) == "one\ntwo"
