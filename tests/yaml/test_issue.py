from exporter.yaml.issue import ConfigError, ConfigIssue, Issues, dotted, quoted


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
    issues = Issues("config.yml", {("a",): 9, ("b",): 2}, [ConfigIssue(1, (), "is odd")])
    issues.add(("a", 3, "c"), "is wrong")
    issues.add(("b",), "is wrong")
    issues.add(("b",), "is wrong")
    issues.warn(("a",), "is doubtful")
    issues.warn(("c",), "is doubtful")
    assert issues.errors == (
        "config.yml:1: document: is odd",
        "config.yml:2: b: is wrong",
        "config.yml:9: a[3].c: is wrong",
    )
    assert issues.warnings == ("config.yml:1: c: is doubtful", "config.yml:9: a: is doubtful")


def test_what_is_wrong_is_known_by_its_place_and_by_what_holds_it() -> None:
    issues = Issues("config.yml", {})
    issues.add(("a", 3, "c"), "is wrong")
    issues.warn(("b",), "is doubtful")
    issues.misspelt(("d",))
    assert all(map(issues.wrong, [(), ("a",), ("a", 3), ("a", 3, "c"), ("d",)]))
    assert not any(map(issues.wrong, [("b",), ("a", 2), ("a", 3, "c", 1)]))
    assert len(issues.errors) == 1


def test_the_error_holds_every_line() -> None:
    error = ConfigError(("one", "two"))
    assert error.mistakes == ("one", "two")
    assert str(error) == "one\ntwo"
