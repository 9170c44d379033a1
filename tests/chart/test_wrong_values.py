"""A value that cannot work is refused with an error that names it."""

from typing import Any

import pytest
from real_helm import LIVE, OPERATION, POSTGRESQL, refused


def config(**changes: Any) -> dict[str, Any]:
    """A configuration of one operation that differs."""
    return LIVE | {"config": {"operations": [OPERATION | changes]}}


def database(**changes: Any) -> dict[str, Any]:
    return LIVE | {"storage": {"type": "postgresql", "postgresql": changes}}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "two replicas on SQLite": (LIVE | {"replicaCount": 2}, "replicaCount: 2", "storage.type is sqlite"),
    "two replicas of the demo": ({"replicaCount": 2}, "replicaCount: 2", "demo"),
    "no replica": (LIVE | {"replicaCount": 0}, "/replicaCount", "minimum"),
    "a number in quotes": (LIVE | {"replicaCount": "2"}, "/replicaCount", "want integer"),
    "an unknown value": (LIVE | {"replicas": 2}, "'replicas'", "not allowed"),
    "an unknown value below": (LIVE | {"monitor": {"enable": True}}, "'enable'", "/monitor"),
    "an unknown storage": (LIVE | {"storage": {"type": "mysql"}}, "/storage/type", "'sqlite', 'postgresql'"),
    "a misspelt switch": (LIVE | {"rules": {"enabled": "yes"}}, "/rules/enabled", "'auto', true, false"),
    "an unknown language": (LIVE | {"dashboards": {"language": "de"}}, "/dashboards/language", "'en', 'es', 'both'"),
    "rules of an unknown language": (LIVE | {"rules": {"language": "fr"}}, "/rules/language", "'en', 'es', 'both'"),
    "an unknown kind": (LIVE | {"monitor": {"kind": "Probe"}}, "/monitor/kind", "PodMonitor"),
    "a configuration without operations": ({"config": {"interval": "5m"}}, "/config", "'operations'"),
    "a campaign's id without quotes": (
        config(campaigns=[{"id": 32841}]),
        "/config/operations/0/campaigns/0/id",
        "want string",
    ),
    "a server without quotes": (config(server=13), "/config/operations/0/server", "want string"),
    "a token in the configuration": (config(token="t"), "config.operations[0].token", "Secret"),
    "a token in the configuration's text": (
        LIVE | {"config": "operations: [{name: acme, token: t}]"},
        "config.operations[0].token",
        "Secret",
    ),
    "a password of a proxy": (config(proxy_url="http://me:p@proxy"), "config.operations[0].proxy_url", "Secret"),
    "a token that no Secret has": (
        {"config": {"operations": [OPERATION]}},
        "config.operations[0].token_file",
        "secrets.existing",
    ),
    "a proxy that no Secret has": (
        {
            "config": {"operations": [OPERATION | {"proxy_url_file": "/run/secrets/wolkvox/proxy"}]},
            "secrets": {"values": {"acme-token": "t"}},
        },
        "config.operations[0].proxy_url_file",
        "secrets.values.proxy",
    ),
    "what is not YAML": (LIVE | {"config": "operations: ["}, "config: it is not a map in YAML", "line 1"),
    "a list for a configuration": (LIVE | {"config": "- a"}, "config: it is not a map in YAML", "array"),
    "an empty text": (LIVE | {"config": "\n"}, "config: the text is empty", "demo"),
    "no text": (LIVE | {"config": ""}, "config: the text is empty", "demo"),
    "a text without operations": (LIVE | {"config": "interval: 5m"}, "config: ", "operations"),
    "a text with operations that are none": (LIVE | {"config": "operations: acme"}, "config: ", "operations"),
    "one Secret for a list": (LIVE | {"secrets": {"existing": "wolkvox"}}, "/secrets/existing", "want array"),
    "a port in quotes": (LIVE | {"networkPolicy": {"vendorPorts": ["443"]}}, "/networkPolicy/vendorPorts/0", "integer"),
    "two configurations": (LIVE | {"existingConfigMap": "mine"}, "config, existingConfigMap", "one of them"),
    "an empty secret": (LIVE | {"secrets": {"values": {"acme-token": ""}}}, "/secrets/values/acme-token", "minLength"),
    "no database": (database(), "storage.postgresql", "existingSecret"),
    "a database of another kind": (database(url="mysql://db"), "/storage/postgresql/url", "postgres"),
    "two URLs": (database(url="postgresql://db/w", existingSecret="s"), "storage.postgresql", "passwordKey"),
    "a password without its Secret": (
        database(url="postgresql://db/w", passwordKey="password"),
        "storage.postgresql.passwordKey",
        "existingSecret",
    ),
    "two web files": (
        LIVE | {"web": {"config": {"rate_limit": {}}, "existingSecret": "web"}},
        "web.config, web.existingSecret",
        "one of them",
    ),
    "TLS of nothing": (LIVE | {"web": {"tls": True}}, "web.tls", "web.existingSecret"),
    "a port of root's": (LIVE | {"web": {"port": 443}}, "/web/port", "minimum"),
    "a path that is none": (LIVE | {"web": {"telemetryPath": "metrics"}}, "/web/telemetryPath", "pattern"),
    "a bare number for a duration": (LIVE | {"reloadInterval": 30}, "/reloadInterval", "want string"),
    "no duration": (LIVE | {"monitor": {"interval": "often"}}, "/monitor/interval", "pattern"),
    "a monitor without a Service": (
        LIVE | {"monitor": {"enabled": True}, "service": {"enabled": False}},
        "monitor.kind",
        "PodMonitor",
    ),
    "an unknown threshold": (LIVE | {"rules": {"thresholds": {"spike": 0.3}}}, "rules.thresholds.spike", "spikeShare"),
    "percent for a share": (LIVE | {"rules": {"thresholds": {"spikeShare": 25}}}, "spikeShare", "exclusiveMaximum"),
    "an unknown alert": (
        LIVE | {"rules": {"severities": {"WolkvoxBusy": "info"}}},
        "rules.severities.WolkvoxBusy",
        "WolkvoxBusySpike",
    ),
    "an unknown alert left out": (LIVE | {"rules": {"disabled": ["Busy"]}}, "rules.disabled", "WolkvoxBusySpike"),
    "a digest that is none": (LIVE | {"image": {"digest": "latest"}}, "/image/digest", "sha256"),
    "an argument that is no flag": (LIVE | {"extraArgs": ["once"]}, "/extraArgs/0", "--"),
    "a size that is none": (LIVE | {"storage": {"sqlite": {"size": "big"}}}, "/storage/sqlite/size", "pattern"),
    "PostgreSQL's replicas in quotes": (POSTGRESQL | {"replicaCount": "3"}, "/replicaCount", "want integer"),
}


@pytest.mark.parametrize(("values", "named", "hint"), WRONG.values(), ids=WRONG)
def test_it_is_refused_by_name(values: dict[str, Any], named: str, hint: str) -> None:
    error = refused(values)
    assert named in error
    assert hint in error
