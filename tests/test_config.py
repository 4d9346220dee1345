"""Settings: typed, frozen, all wrong ones at once, secrets out of sight, and no key where the Internet is."""

import dataclasses
from pathlib import Path

import pytest

import config

GOOD = {"SESSION_SECRET": "s" * 40, "DEVICE_SECRET": "d" * 40, "KEYS_PASSPHRASE": "k" * 40, "LOG_LEVEL": "debug"}
ROLES = (config.management, config.verifier, config.opener, config.worker)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_its_own_frozen_settings_and_hides_secrets(role: object, tmp_path: Path) -> None:
    made = role({**GOOD, "DATA_DIR": str(tmp_path), "DATABASE_URL": "postgres://u:secret-word@h/d"})  # type: ignore[operator]
    assert made.log_level == "DEBUG"
    shown = repr(made)
    assert not any(secret in shown for secret in ("s" * 40, "d" * 40, "k" * 40, "secret-word"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.log_level = "INFO"


@pytest.mark.parametrize("role", [config.Management, config.Verifier])
def test_no_web_process_has_a_field_for_a_key(role: type) -> None:
    """Invariant 7."""
    names = {item.name for item in dataclasses.fields(role)}
    assert not {name for name in names if "key" in name or "passphrase" in name}


def test_every_wrong_setting_is_named_at_once_with_its_remedy(tmp_path: Path) -> None:
    wrong = {
        "DATA_DIR": str(tmp_path),
        "PORT": "0",
        "DATABASE_URL": "mysql://x",
        "REDIS_URL": "x",
        "DEVICE_SECRET": "short",
    }
    with pytest.raises(config.BadSettings) as caught:
        config.verifier(wrong)
    assert set(caught.value.problems) == {"PORT", "DATABASE_URL", "REDIS_URL", "DEVICE_SECRET"}
    assert "short" not in str(caught.value).replace("too short", "")


def test_production_needs_its_secrets_and_development_keeps_its_own(tmp_path: Path) -> None:
    production = {"ENVIRONMENT": "production", "DATA_DIR": str(tmp_path)}
    for role, name in ((config.management, "SESSION_SECRET"), (config.verifier, "DEVICE_SECRET")):
        with pytest.raises(config.BadSettings, match=name):
            role(production)  # type: ignore[operator]
    with pytest.raises(config.BadSettings, match="KEYS_PASSPHRASE"):
        config.worker(production)
    one, two = (config.worker({"DATA_DIR": str(tmp_path)}).passphrase for _ in range(2))
    assert one == two
    assert len(one) >= 32
    assert (tmp_path / "secrets" / "keys_passphrase").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("found", [None, b" \n", b"\xff"])
def test_a_passphrase_file_that_cannot_be_used_is_told(tmp_path: Path, found: bytes | None) -> None:
    file = tmp_path / "file"
    if found is not None:
        file.write_bytes(found)
    with pytest.raises(config.BadSettings, match=r"KEYS_PASSPHRASE_FILE.*openssl rand"):
        config.opener({"DATA_DIR": str(tmp_path), "KEYS_PASSPHRASE_FILE": str(file)})


def test_two_people_keep_the_passphrase_together(tmp_path: Path) -> None:
    for name, part in (("one", "b\n"), ("two", "a")):
        (tmp_path / name).write_text(part)
    for order in (("one", "two"), ("two", "one")):
        files = ":".join(str(tmp_path / name) for name in order)
        made = config.opener({"DATA_DIR": str(tmp_path), "KEYS_PASSPHRASE_FILE": files})
        assert made.passphrase == "a\nb"
