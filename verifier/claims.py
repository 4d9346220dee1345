"""Claims: "I bought this", and the code under the scratch layer. Each is first exactly once (invariant 5).

A wrong PIN is counted before the right answer is known, so tries in parallel cannot outrun the limit. For one stamp
that is 5 a day by one device and 20 a day by one network, because a device is easily made up and a network is not;
after 1,000 in all only an officer can confirm. So a guesser has one chance in 100,000 for a stamp, needs 50 networks to
spend it, and others' tries slow the rightful owner for a day at most, and only on the guesser's own network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

import sqlalchemy as sa

from verifier import places
from verifier.aftermath import SCAN_PLACE
from verifier.clones import detector
from verifier.contract import TRIES_IN_ALL, ClaimAnswer, ClaimOutcome, Words
from verifier.facts import Facts
from verifier.journal import METADATA, Journal, JournalDown, ScanRow
from verifier.opener import OpenerClient, OpenerDown
from verifier.sightings import NEVER_SEEN, Fix, Mark, Sighting, device_mark
from verifier.verdict import ACTIVE, LOCAL, local_day

CLAIM = sa.Table(
    "claim",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("stamp", sa.BigInteger),
    sa.Column("scan_id", sa.Uuid),
    sa.Column("kind", sa.String),
    sa.Column("first", sa.Boolean),
    sa.Column("device", sa.LargeBinary),
    sa.Column("cell", sa.BigInteger),
    sa.Column("at", sa.BigInteger),
    sa.Column("n", sa.BigInteger),
)
PIN_TRY = sa.Table(
    "pin_try",
    METADATA,
    sa.Column("stamp", sa.BigInteger, primary_key=True),
    sa.Column("who", sa.LargeBinary, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("wrong", sa.Integer),
)
TABLES = (CLAIM, PIN_TRY)

TRIES_A_DAY = 5
TRIES_BY_NETWORK = 20
MOST_TRIES = 64


class ClaimRefused(Exception):
    """The claim cannot be judged; `code` is `no_receipt`, `no_pin` (none was printed) or `not_active`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Who claims: the receipt of their scan, the PIN if there is one, the device and the truncated network."""

    receipt: UUID
    pin: str | None = None
    device: str | None = None
    network: str = ""


class Claims:
    """Answers claims. Safe between threads."""

    def __init__(
        self,
        journal: Journal,
        facts: Facts,
        opener: OpenerClient,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], UUID],
    ) -> None:
        self._journal = journal
        self._facts = facts
        self._opener = opener
        self._clock = clock
        self._new_id = new_id

    def claim(self, request: ClaimRequest) -> ClaimAnswer:
        """The answer to one claim. Raises ClaimRefused, JournalDown, OpenerDown."""
        scan = self._journal.find([request.receipt]).get(request.receipt)
        if scan is None:
            raise ClaimRefused("no_receipt")
        at = self._clock()
        facts = self._facts.refresh()
        standing = facts.standing(scan.stamp, local_day(at))
        if standing.state != ACTIVE or standing.recalls:
            raise ClaimRefused("not_active")
        if request.pin is None:
            return self._settle(scan, request, at, self._bought)
        batch = facts.batch_of(scan.stamp)
        if batch is None or not batch.row.pins:
            raise ClaimRefused("no_pin")
        refused = self._try(scan.stamp, request, at)
        if refused is not None and refused.outcome is ClaimOutcome.WRONG_PIN:
            self._settle(scan, request, at, self._mistyped)
        answer = refused or self._settle(scan, request, at, self._confirmed)
        if answer.outcome is not ClaimOutcome.ALREADY_VERIFIED:
            return answer
        return replace(answer, place=self._where_first(scan.stamp))

    def _try(self, stamp: int, request: ClaimRequest, at: int) -> ClaimAnswer | None:
        """None where the PIN is right; else what is wrong. The try is on record before the PIN is looked at."""
        day = local_day(at).toordinal()
        by_whom = _by_whom(request, day)
        left = self._count(stamp, by_whom)
        if left is None:
            return ClaimAnswer(ClaimOutcome.LOCKED, locked_until=_next_day(at))
        if left < 0:
            return ClaimAnswer(ClaimOutcome.LOCKED)
        try:
            right = self._opener.check_pin(stamp, request.pin or "")
        except OpenerDown:
            self._forgive(stamp, by_whom)
            raise
        if not right:
            return ClaimAnswer(ClaimOutcome.WRONG_PIN, tries_left=left, locked_until=None if left else _next_day(at))
        self._forgive(stamp, by_whom)
        return None

    def _count(self, stamp: int, by_whom: Sequence["_By"]) -> int | None:
        """The tries that are left after this one: None where who tries has none today, -1 where nobody has any."""
        left = TRIES_A_DAY
        try:
            with self._journal.writing() as connection:
                for by in by_whom:
                    left = min(left, by.most - _counted(connection, stamp, by))
        except _NoneLeft as none:
            # Rolled back whole: a try that was not looked at costs nobody anything.
            return None if none.day else -1
        return left

    def _forgive(self, stamp: int, by_whom: Sequence["_By"]) -> None:
        with self._journal.writing() as connection:
            for by in by_whom:
                mine = (PIN_TRY.c.stamp == stamp) & (PIN_TRY.c.who == by.who) & (PIN_TRY.c.day == by.day)
                one_less = sa.update(PIN_TRY).where(mine, PIN_TRY.c.wrong > 0).values(wrong=PIN_TRY.c.wrong - 1)
                connection.execute(one_less)

    def _where_first(self, stamp: int) -> Words | None:
        """About where the stamp was confirmed first: for whoever holds the pack, and so has shown the right PIN."""
        first = sa.select(CLAIM.c.cell, SCAN_PLACE.c.cell).outerjoin(
            SCAN_PLACE, SCAN_PLACE.c.scan_id == CLAIM.c.scan_id
        )
        mine = (CLAIM.c.stamp == stamp) & (CLAIM.c.kind == "pin") & CLAIM.c.first
        with self._journal.connected() as connection:
            row = connection.execute(first.where(mine).limit(1)).first()
        return places.near(row[0] or row[1]) if row is not None else None

    def _bought(self, before: Sighting, mark: int, fix: Fix | None, at: int) -> tuple[Sighting, ClaimAnswer]:
        del at
        outcome = ClaimOutcome.ALREADY_CLAIMED if before.has(Mark.CLAIMED) else ClaimOutcome.CLAIMED
        return detector.claimed(before, mark, fix), ClaimAnswer(outcome)

    def _confirmed(self, before: Sighting, mark: int, fix: Fix | None, at: int) -> tuple[Sighting, ClaimAnswer]:
        after = detector.confirmed(before, at, mark, fix)
        if not before.has(Mark.PIN_CONFIRMED):
            return after, ClaimAnswer(ClaimOutcome.VERIFIED_FIRST, at=at)
        return after, ClaimAnswer(ClaimOutcome.ALREADY_VERIFIED, at=before.pin_at_s * 1_000_000)

    def _mistyped(self, before: Sighting, mark: int, fix: Fix | None, at: int) -> tuple[Sighting, ClaimAnswer]:
        del fix, at
        return detector.mistyped(before, mark), ClaimAnswer(ClaimOutcome.WRONG_PIN)

    def _settle(
        self,
        scan: ScanRow,
        request: ClaimRequest,
        at: int,
        step: Callable[[Sighting, int, Fix | None, int], tuple[Sighting, ClaimAnswer]],
    ) -> ClaimAnswer:
        """Apply a step to the stamp's history by compare-and-set, with its claim row in the same transaction."""
        mark = device_mark(request.device, scan.stamp)
        fix = places.fix_of_cell(scan.cell, scan.source, at, mark)
        for _ in range(MOST_TRIES):
            stored = self._journal.sighting(scan.stamp)
            before = Sighting.unpack(stored.state) if stored.state else NEVER_SEEN
            after, answer = step(before, mark, fix, at)
            first = answer.outcome in {ClaimOutcome.CLAIMED, ClaimOutcome.VERIFIED_FIRST}
            row = {
                "id": self._new_id(),
                "stamp": scan.stamp,
                "scan_id": scan.id,
                "kind": _KIND[answer.outcome],
                "n": stored.n + 1,
                "first": first,
                "device": scan.device,
                "cell": scan.cell,
                "at": at,
            }
            with self._journal.writing() as connection:
                if self._journal.update_state(connection, scan.stamp, stored.n, after.pack()):
                    connection.execute(sa.insert(CLAIM), row)
                    return answer
        raise JournalDown("a stamp changed too often to record a claim")


_KIND = {
    ClaimOutcome.CLAIMED: "bought",
    ClaimOutcome.ALREADY_CLAIMED: "bought",
    ClaimOutcome.VERIFIED_FIRST: "pin",
    ClaimOutcome.ALREADY_VERIFIED: "pin",
    ClaimOutcome.WRONG_PIN: "wrong",
}
_COUNT = sa.text(
    "INSERT INTO pin_try (stamp, who, day, wrong) VALUES (:stamp, :who, :day, 1)"
    " ON CONFLICT (stamp, who, day) DO UPDATE SET wrong = pin_try.wrong + 1"
    # Who is locked for today adds nothing more, so that one person cannot use up the tries of all.
    " WHERE pin_try.wrong < :most RETURNING wrong"
)


@dataclass(frozen=True, slots=True)
class _By:
    """Whose tries are counted together: a device or a network on a day, or all of them for ever (empty, day 0)."""

    who: bytes
    day: int
    most: int


class _NoneLeft(Exception):
    def __init__(self, day: int) -> None:
        self.day = day


def _by_whom(request: ClaimRequest, day: int) -> tuple[_By, ...]:
    """In the order in which the rows are locked, the same for everybody."""
    everybody = _By(b"", 0, TRIES_IN_ALL)
    network = _By(_mark(f"network\0{request.network}"), day, TRIES_BY_NETWORK)
    if not request.device:
        # Nobody in particular gets what one device gets.
        return everybody, replace(network, most=TRIES_A_DAY)
    return everybody, network, _By(_mark(f"device\0{request.device}"), day, TRIES_A_DAY)


def _counted(connection: sa.Connection, stamp: int, by: _By) -> int:
    key = {"stamp": stamp, "who": by.who, "day": by.day, "most": by.most}
    wrong = connection.execute(_COUNT, key).scalar_one_or_none()
    if wrong is None:
        raise _NoneLeft(by.day)
    return int(wrong)


def _mark(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16, person=b"estamp-pin").digest()


def _next_day(at: int) -> int:
    tomorrow = local_day(at) + timedelta(days=1)
    midnight = datetime.combine(tomorrow, datetime.min.time(), LOCAL)
    return int(midnight.timestamp()) * 1_000_000
