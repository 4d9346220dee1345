"""`estamp codes` and `estamp audit`: what an operator reads from the database."""

import json
from collections.abc import Iterator

import click
import sqlalchemy as sa

import config
from app.cli.stage import office
from app.domain.errors import Refusal
from app.domain.permissions import SYSTEM, RoleName
from app.domain.recalls import IN_FORCE
from app.keystore import KeyDirectory, open_or_create
from app.models.lots import Lot
from app.models.recalls import Recall, RecallLot
from app.models.stamps import Batch, Hold, StampRange
from app.services import audit as audit_service
from app.services import users
from app.services.users import NewUser
from app.services.work import Work
from stamp_engine.format import Ecc, Profile, Template, compact_text, human_serial, sealed_text
from stamp_engine.lifecycle import StampState
from stamp_engine.signing import sealed_message

_STATES = ("minted", "delivered", "active", "void", "lost", "held", "recalled")


@click.command()
@click.option("--state", type=click.Choice(_STATES), required=True)
@click.option("--limit", type=click.IntRange(1, 10_000_000), default=100)
@click.option("--batch", default=None, help="number of a batch")
@click.option("--pins", is_flag=True, help="with the scratch codes")
def codes(state: str, limit: int, batch: str | None, *, pins: bool) -> None:
    """Existing stamps as JSON lines (operators only: it makes real codes)."""
    settings = config.worker()
    keys = open_or_create(settings.keys_dir, settings.passphrase)
    with office().reading(SYSTEM) as work:
        left = limit
        for roll, tile, lot_no in _tiles(work, state, batch):
            for index in range(tile.lo, min(tile.hi, tile.lo + left)):
                click.echo(json.dumps(_line(keys, roll, index, state, lot_no, pins=pins), ensure_ascii=False))
            left -= min(left, tile.hi - tile.lo)
            if not left:
                return


def code_of(keys: KeyDirectory, roll: Batch, index: int) -> tuple[str, str]:
    """The text and the printed serial of one stamp."""
    template = Template(roll.profile, roll.host, roll.gtin, roll.symbol_version, Ecc(roll.ecc), roll.mask)
    token = keys.symmetric.token_keys().seal_one(index, roll.epoch)
    if roll.profile is Profile.COMPACT:
        return compact_text(template, token), human_serial(token)
    signature = keys.stamp_key(roll.kid).sign(sealed_message(keys.deployment, roll.gtin, index))
    return sealed_text(template, index, signature), human_serial(token)


def _line(
    keys: KeyDirectory, roll: Batch, index: int, state: str, lot_no: str | None, *, pins: bool
) -> dict[str, object]:
    text, serial = code_of(keys, roll, index)
    line: dict[str, object] = {
        "code": text,
        "serial": serial,
        "index": index,
        "batch": roll.number,
        "state": state,
        "lot": lot_no,
    }
    if pins and roll.pins:
        line["pin"] = keys.symmetric.pin_keys().pin(index)
    return line


def _tiles(work: Work, state: str, batch: str | None) -> Iterator[tuple[Batch, StampRange, str | None]]:
    """The ranges in a state. `active` leaves out what a hold or a recall covers."""
    recalled = sa.select(RecallLot.lot_id).join(Recall, Recall.id == RecallLot.recall_id)
    recalled = recalled.where(Recall.state.in_(IN_FORCE))
    held = sa.select(Hold.lot_id).where(Hold.lot_id.is_not(None), Hold.lifted_at.is_(None))
    of_lot = StampRange.lot_id
    wanted = {
        "held": sa.and_(StampRange.state == StampState.ACTIVE, of_lot.in_(held), of_lot.not_in(recalled)),
        "recalled": sa.and_(StampRange.state == StampState.ACTIVE, of_lot.in_(recalled)),
        "active": sa.and_(StampRange.state == StampState.ACTIVE, of_lot.not_in(recalled), of_lot.not_in(held)),
    }.get(state, StampRange.state == StampState[state.upper()] if state.upper() in StampState.__members__ else None)
    statement = (
        sa.select(Batch, StampRange, Lot.lot_no)
        .join(StampRange, StampRange.batch_id == Batch.id)
        .outerjoin(Lot, Lot.id == StampRange.lot_id)
        .order_by(StampRange.lo)
    )
    if wanted is not None:
        statement = statement.where(wanted)
    if batch is not None:
        statement = statement.where(Batch.number == batch)
    yield from work.session.execute(statement)


@click.command()
@click.option("--role", type=click.Choice([role.value for role in RoleName]), required=True)
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option(
    "--password",
    envvar="ESTAMP_USER_PASSWORD",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="10 or more",
)
def user(role: str, name: str, email: str, password: str) -> None:
    """Make an account, such as the first administrator's."""
    try:
        with office().work(SYSTEM) as work:
            users.create(work, NewUser(name, password, (RoleName(role),), email=email))
    except Refusal as refusal:
        click.echo(f"{refusal.text.vi} / {refusal.text.en}", err=True)
        raise SystemExit(1) from None
    click.echo(email)


@click.group()
def audit() -> None:
    """The audit chain."""


@audit.command("verify")
def verify_audit() -> None:
    """Check every link of the audit chain; exit 1 where it does not hold."""
    with office().reading(SYSTEM) as work:
        try:
            length = audit_service.check(work.session)
        except audit_service.Broken as error:
            click.echo(f"đứt tại mục / broken at entry {error.seq}: {error.why}", err=True)
            raise SystemExit(1) from None
    click.echo(f"nguyên vẹn / intact: {length}")
