"""`estamp backup` and `estamp restore`: consistent, encrypted copies, the database and the keys apart.

`backup FILE` writes FILE (the database) and FILE.keys (the key directory), each encrypted with AES-256-GCM under a key
that scrypt derives from the backup passphrase. After a restore, minting goes on above every index that either the
database or the key directory knows (invariant 12), and with a new epoch.
"""

import io
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from pathlib import Path

import click
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

import config
from app.cli.stage import prepared
from app.models.facts import FactClock
from stamp_engine.vault import locked

_MAGIC = b"SLBACKUP1\0"
# The fact clock moves once an act of the office, so no database gets this far ahead of its copy.
_FAR = 1_000_000
_passphrase = click.option(
    "--passphrase", envvar="ESTAMP_BACKUP_PASSPHRASE", required=True, help="or set ESTAMP_BACKUP_PASSPHRASE"
)


def _key(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode()))


def _write(path: Path, content: bytes, passphrase: str) -> None:
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = _MAGIC + salt + nonce + _key(passphrase, salt).encrypt(nonce, content, _MAGIC)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(sealed)
    partial.chmod(0o600)
    partial.replace(path)


def _read(path: Path, passphrase: str) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    if not raw.startswith(_MAGIC):
        raise click.UsageError(f"{path} is not a backup of this platform")
    salt, nonce, sealed = raw[10:26], raw[26:38], raw[38:]
    try:
        return _key(passphrase, salt).decrypt(nonce, sealed, _MAGIC)
    except InvalidTag:
        raise click.UsageError(f"{path}: the passphrase is wrong or the file is damaged") from None


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_passphrase
def backup(file: Path, passphrase: str) -> None:
    """Write an encrypted copy of the database to FILE and of the keys to FILE.keys."""
    settings = config.worker()
    _write(file, _dump(settings.database_url), passphrase)
    out = io.BytesIO()
    with locked(settings.keys_dir), tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(settings.keys_dir, arcname="keys")
    _write(file.with_name(file.name + ".keys"), out.getvalue(), passphrase)
    click.echo(f"{file}, {file}.keys")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_passphrase
def restore(file: Path, passphrase: str) -> None:
    """Put back what `backup` wrote, into an empty database and an empty key directory."""
    settings = config.worker()
    database, keys = _read(file, passphrase), _read(file.with_name(file.name + ".keys"), passphrase)
    if settings.keys_dir.exists() and any(settings.keys_dir.iterdir()):
        raise click.UsageError(f"{settings.keys_dir} is not empty; move it away first")
    _load(settings.database_url, database)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(keys)) as archive:
        archive.extractall(folder, filter="data")
        settings.keys_dir.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(Path(folder) / "keys", settings.keys_dir, dirs_exist_ok=True)
    settings.keys_dir.chmod(0o700)
    minter = prepared()
    with minter.desk.engine.begin() as connection:
        # Whoever still has facts of the lost database in memory must not take its clock for this one's.
        connection.execute(sa.update(FactClock).values(value=FactClock.value + _FAR))
    minter.keys.rotate(make_room=True)
    minter.publish_keys()
    click.echo("đã khôi phục / restored")


def _dump(url: str) -> bytes:
    if url.startswith("sqlite"):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "copy"
            source, copy = sqlite3.connect(url.removeprefix("sqlite:///")), sqlite3.connect(target)
            try:
                source.backup(copy)
            finally:
                source.close()
                copy.close()
            return target.read_bytes()
    made = subprocess.run(  # noqa: S603  our own address
        [_tool("pg_dump"), "--format=custom", "--dbname", _plain(url)], capture_output=True, check=False
    )
    if made.returncode:
        raise click.ClickException(made.stderr.decode(errors="replace"))
    return made.stdout


def _load(url: str, content: bytes) -> None:
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        if path.exists():
            raise click.UsageError(f"{path} exists; move it away first")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return
    made = subprocess.run(  # noqa: S603  our own address
        [_tool("pg_restore"), "--no-owner", "--exit-on-error", "--dbname", _plain(url)],
        input=content,
        capture_output=True,
        check=False,
    )
    if made.returncode:
        raise click.ClickException(made.stderr.decode(errors="replace"))


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise click.ClickException(f"{name} is not installed; install PostgreSQL's client programs")
    return found


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
