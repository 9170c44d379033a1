"""The rendered configuration is what the exporter reads, and it is read again when it changes."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_exporter import call
from real_helm import LIVE, NAME, OPERATION, ROOT, Release, documented, render

EXAMPLE = (ROOT / "config.example.yml").read_text()

CONFIGS: dict[str, Any] = {
    "the least": LIVE["config"],
    "the example's text": EXAMPLE.replace("/run/secrets/wolkvox-token", "/run/secrets/wolkvox/acme-token"),
    "the example as a map": yaml.safe_load(EXAMPLE),
    "what YAML would take for something else": {
        "timezone": "America/Bogota",
        "interval": "5m",
        "operations": [
            OPERATION
            | {
                "name": "no",
                "server": "0013",
                "licenses": 12,
                "quota_share": 0.5,
                "campaigns": [
                    {"id": "0032841", "name": "Cobranza: día 'uno' # no"},
                    {"id": "12345678", "name": "1e3", "windows": ["30m", "today"]},
                ],
            }
        ],
    },
    **{name: values["config"] for name, values in documented() if "config" in values},
}


def secret(release: Release, suffix: str) -> dict[str, str]:
    data = release.one("Secret", f"{NAME}-{suffix}")["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_exporter_reads_it(config: Any, tmp_path: Path) -> None:
    text = render(LIVE | {"config": config}).one("ConfigMap")["data"]["config.yml"]
    assert yaml.safe_load(text) == (yaml.safe_load(config) if isinstance(config, str) else config)
    (tmp_path / "config.yml").write_text(text)
    done = call(tmp_path, "check", "--syntax-only", "--config.file=config.yml")
    assert done.returncode == 0, done.stderr


def test_the_text_stays_as_it_is() -> None:
    text = "# why it is so\noperations:\n  - {name: acme, server: '0013', token_env: T, campaigns: [{id: '1'}]}\n"
    assert render(LIVE | {"config": text}).one("ConfigMap")["data"]["config.yml"] == text


@pytest.mark.parametrize(
    "web",
    [
        {"basic_auth_users": {"prometheus": "$2b$10$abcdefghijklmnopqrstuuAxH3sXqUNV1EIkPKcyDpSRSoVhLTcLm"}},
        {
            "tls_server_config": {
                "cert_file": "/run/secrets/wolkvox/tls.crt",
                "key_file": "/run/secrets/wolkvox/tls.key",
            }
        },
        *(values["web"]["config"] for _, values in documented() if "config" in values.get("web", {})),
    ],
)
def test_the_exporter_reads_the_web_configuration(web: dict[str, Any], tmp_path: Path) -> None:
    release = render(LIVE | {"web": {"config": web}})
    text = secret(release, "web")["web.yml"]
    expected = {"auth_excluded_paths": ["/-/healthy", "/-/ready"]} if "basic_auth_users" in web else {}
    assert yaml.safe_load(text) == web | expected
    (tmp_path / "web.yml").write_text(text)
    (tmp_path / "config.yml").write_text(release.one("ConfigMap")["data"]["config.yml"])
    done = call(tmp_path, "check", "--syntax-only", "--config.file=config.yml", "--web.config.file=web.yml")
    assert done.returncode == 0, done.stderr


def test_paths_that_are_excluded_from_passwords_stay() -> None:
    web = {"basic_auth_users": {"me": "$2b$10$x"}, "auth_excluded_paths": ["/-/healthy"]}
    assert yaml.safe_load(secret(render(LIVE | {"web": {"config": web}}), "web")["web.yml"]) == web


@pytest.mark.parametrize(
    ("values", "name", "file"),
    [(LIVE, NAME, "config.yml"), ({"existingConfigMap": "mine", "existingConfigMapKey": "w.yml"}, "mine", "w.yml")],
)
def test_it_is_mounted_as_a_folder_and_reloaded_without_a_restart(values: dict[str, Any], name: str, file: str) -> None:
    release = render(values)
    folder = release.mounts["config"]
    assert release.volumes["config"]["configMap"] == {"name": name}, "all keys, so that Kubernetes updates them"
    assert not [mount for mount in release.container["volumeMounts"] if "subPath" in mount]
    assert release.environ["WOLKVOX_EXPORTER_CONFIG_FILE"] == f"{folder}/{file}"
    assert release.environ["WOLKVOX_EXPORTER_CONFIG_AUTO_RELOAD_INTERVAL"] == "30s"
    changed = render(LIVE | {"config": {"interval": "10m", "operations": [OPERATION]}})
    assert changed.workload == render(LIVE).workload


def test_without_a_look_at_the_file_a_change_restarts_the_pod() -> None:
    still = LIVE | {"reloadInterval": "0s"}
    changed = still | {"config": {"interval": "10m", "operations": [OPERATION]}}
    assert render(changed).workload != render(still).workload
    assert render(changed | {"reloadInterval": "30s"}).workload == render(LIVE).workload


def test_tokens_are_files_of_secrets() -> None:
    release = render(LIVE | {"secrets": {"existing": ["wolkvox", "proxy"], "values": {"acme-token": "t: 'ä'"}}})
    projected = release.volumes["secrets"]["projected"]
    assert [one["secret"]["name"] for one in projected["sources"]] == ["wolkvox", "proxy", f"{NAME}-files"]
    assert projected["defaultMode"] == 0o440, "not for everybody: `check` would warn"
    assert release.mounts["secrets"] == "/run/secrets/wolkvox"
    assert secret(release, "files") == {"acme-token": "t: 'ä'"}
    assert "t: 'ä'" not in str([one for one in release.manifests if one["kind"] != "Secret"])
    assert "secrets" not in render({"existingConfigMap": "mine"}).volumes


def test_the_database_is_named_in_the_environment_only() -> None:
    url = "postgresql://wolkvox:a-password@db/wolkvox"
    postgresql = {"type": "postgresql", "postgresql": {"url": url}}
    release = render(LIVE | {"storage": postgresql})
    assert release.environ["WOLKVOX_EXPORTER_STORAGE_URL"] == (f"{NAME}-postgresql", "url")
    assert secret(release, "postgresql") == {"url": url}
    assert "a-password" not in str([one for one in release.manifests if one["kind"] != "Secret"])
    other = render(LIVE | {"storage": {"type": "postgresql", "postgresql": {"url": f"{url}2"}}})
    assert other.workload != release.workload, "the environment is not read again"


@pytest.mark.parametrize(
    ("database", "url", "password"),
    [
        ({"existingSecret": "db"}, ("db", "url"), None),
        ({"existingSecret": "db", "urlKey": "uri"}, ("db", "uri"), None),
        ({"existingSecret": "db", "passwordKey": "pw"}, ("db", "url"), ("db", "pw")),
        (
            {"url": "postgresql://u@db/w", "existingSecret": "db", "passwordKey": "pw"},
            (f"{NAME}-postgresql", "url"),
            ("db", "pw"),
        ),
    ],
)
def test_the_database_comes_from_a_secret(
    database: dict[str, str], url: tuple[str, str], password: tuple[str, str] | None
) -> None:
    release = render(LIVE | {"storage": {"type": "postgresql", "postgresql": database}})
    assert release.environ["WOLKVOX_EXPORTER_STORAGE_URL"] == url
    assert release.environ.get("PGPASSWORD") == password
    assert "postgresql" not in " ".join(release.container["args"])
