"""The watch over the scan table: the detector's lot and area level, and everything that no single scan shows.

A turn reads the rows that came since the last one, in the order of their keys, a page at a time: never the whole table.
It looks at what the stamps of that page remember now, counts what they say of their lots, and opens or extends alert
cases. Counts, cases and the mark of how far was read are one transaction, so a watch that was killed goes on where it
was, and a row that is read twice changes nothing.

Rows of the last minute are left for later: a row's key is older than its commit.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.domain.cases import CaseKind
from app.domain.errors import Text
from app.domain.permissions import SYSTEM
from app.services import alerts, watching
from app.services.alerts import Clue, Signal
from app.services.watching import Mark, Stamped
from app.services.work import Desk, Work, local_day
from verifier import places
from verifier.clones import lots
from verifier.clones.distance import Fix
from verifier.clones.lot_areas import sign_of, square_of
from verifier.clones.lot_weights import PARAMETERS
from verifier.clones.weights import UNIT
from verifier.contract import Place, Verdict, Words
from verifier.facts import Facts, Snapshot
from verifier.findings import reason
from verifier.journal import Journal
from verifier.sightings import Sighting
from verifier.verdict import ACTIVE, LEADS_TO, NO_FLAGS, history_findings

LAG_US = 60 * 1_000_000
PAGE = 500
MOST_PAGES = 20
# An area, or the stamps' own histories, are told where they alone weigh this much (nats).
_WORTH_TELLING = 3.0
_WARNINGS = frozenset({Verdict.UNUSUAL, Verdict.SUSPECT_COPY})
_UNPLACED = 0
_DAY_US = 86_400 * 1_000_000
Signs = list[tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One row of a stream: a stamp that something happened to; `fix` where a consumer's scan was, as far as known."""

    stamp: int
    at: int
    key: UUID
    fix: Fix | None = None
    consumer: bool = False
    verdict: str = ""
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """What the database and the facts say of a page of rows."""

    facts: Snapshot
    rows: Sequence[Seen]
    histories: Mapping[int, Sighting]


class Watch:
    """Looks at what came in since it looked last."""

    def __init__(self, desk: Desk, lag_us: int = LAG_US) -> None:
        self._desk = desk
        self._lag_us = lag_us
        self._journal = Journal(desk.engine)
        self._facts = Facts(self._journal)

    def turn(self) -> int:
        """Read on in every stream, so many pages at most; gives how many rows were read."""
        total = 0
        for stream, rows in STREAMS.items():
            for _ in range(MOST_PAGES):
                read = self._read(stream, rows)
                total += read
                if read < PAGE:
                    break
        return total + self._probes()

    def close(self) -> None:
        """Let the connection go."""
        self._journal.close()

    def _read(self, stream: str, rows: "Stream") -> int:
        until = self._desk.clock() - self._lag_us
        with self._desk.reading(SYSTEM) as work:
            before = watching.mark(work, stream)
            seen = rows(work, before, until)
            if not seen:
                return 0
            packed = watching.histories(work, {one.stamp for one in seen})
        page = _Page(self._facts.refresh(), seen, {stamp: Sighting.unpack(state) for stamp, state in packed.items()})
        copies = list(_copies(page))
        with self._desk.work(SYSTEM) as work:
            if not watching.move(work, stream, before, (seen[-1].at, seen[-1].key)):
                return 0
            watching.count(work, _signs(page))
            stirred = watching.take(work, _states(page))
            alerts.raised(work, [*copies, *_lots(work, page, stirred), *_rolls(work, page), *_unissued(work, page)])
        return len(seen)

    def _probes(self) -> int:
        until = self._desk.clock() - self._lag_us
        with self._desk.reading(SYSTEM) as work:
            before = watching.mark(work, "probe")
            found = watching.probes(work, before, until, PAGE)
        if not found:
            return 0
        with self._desk.work(SYSTEM) as work:
            if not watching.move(work, "probe", before, (found[-1].at, found[-1].id)):
                return 0
            alerts.raised(work, [alerts.probing(work, one) for one in found])
        return len(found)


def forget(desk: Desk, keep_days: int) -> int:
    """Let go of lots that nothing was seen of for as long as scans are kept, some at once; gives how many."""
    with desk.work(SYSTEM) as work:
        return watching.forget_lots(work, work.now - keep_days * _DAY_US, lots.gone)


def _scans(work: Work, after: Mark, until: int) -> list[Seen]:
    return [
        Seen(
            row.stamp,
            row.at,
            row.id,
            places.fix_of_cell(row.cell, row.source, row.at, 0),
            consumer=row.role == "consumer" and not row.late,
            verdict=row.verdict,
            batch=row.batch_id,
        )
        for row in watching.scans(work, after, until, PAGE)
    ]


def _claims(work: Work, after: Mark, until: int) -> list[Seen]:
    return [Seen(row.stamp, row.at, row.id) for row in watching.claims(work, after, until, PAGE)]


def _places(work: Work, after: Mark, until: int) -> list[Seen]:
    return [
        Seen(
            row.stamp,
            row.at,
            row.scan_id,
            places.fix_of_cell(row.cell, row.source, row.at, 0),
            consumer=row.role == "consumer" and not row.late,
        )
        for row in watching.placed(work, after, until, PAGE)
    ]


Stream = Callable[[Work, Mark, int], list[Seen]]
STREAMS: Mapping[str, Stream] = {"scan": _scans, "claim": _claims, "place": _places}


def _copies(page: _Page) -> Iterator[Signal]:
    """Single stamps whose history speaks against them, whatever a harder fact or the shadow had shown instead."""
    last = {one.stamp: one for one in page.rows}
    for stamp, history in page.histories.items():
        at = last[stamp].at
        standing = page.facts.standing(stamp, local_day(at))
        # What officers or the producer have said is no new evidence.
        flags = replace(standing.flags, copied=False, exposed=False)
        found = [one for one in history_findings(history, flags) if LEADS_TO.get(one.code) in _WARNINGS]
        if not found or standing.batch is None:
            continue
        clues = (Clue(one.code.value, at, _said(reason(one))) for one in found)
        yield Signal(
            CaseKind.COPY,
            f"stamp:{stamp}",
            max(history.weight, 0),
            tuple(clues),
            organisation_id=_owner(page.facts, standing.batch),
            batch_id=standing.batch,
            lot_id=standing.lot,
            stamp=stamp,
            marks=history.marks,
            voices=history.evidence.voices,
            red=any(LEADS_TO[one.code] is Verdict.SUSPECT_COPY for one in found),
        )


def _said(told: Any) -> Text:
    more: Words | None = told.evidence
    return Text(
        told.text.vi + (f" {more.vi}" if more else ""),
        told.text.en + (f" {more.en}" if more else ""),
    )


def _owner(facts: Snapshot, batch: int) -> int | None:
    found = facts.batch(batch)
    return found.row.organisation_id if found is not None else None


def _states(page: _Page) -> Iterator[Stamped]:
    """What the stamps of a page say of their lots."""
    for one in page.rows:
        standing = page.facts.standing(one.stamp, local_day(one.at))
        history = page.histories.get(one.stamp)
        if standing.state == ACTIVE and standing.lot is not None and history is not None:
            # What is on display or was published is met by strangers anywhere, and says nothing of its lot.
            known = standing.flags != NO_FLAGS
            state = None if known else lots.state(standing.plan, history, standing.since)
            if state is None:
                yield Stamped(one.stamp, standing.lot, one.at)
            else:
                level, tells = lots.level_of(state.sign), lots.telling(state)
                odd = level if level >= lots.ODD else 0
                yield Stamped(one.stamp, standing.lot, one.at, lots.signs(state), odd, tells)


def _signs(page: _Page) -> Signs:
    """What the rows say of rolls that were never activated, and of codes that were never issued."""
    found: Signs = []
    for one in page.rows:
        if one.consumer and one.verdict == Verdict.NOT_ACTIVATED and one.batch is not None:
            if page.facts.standing(one.stamp, local_day(one.at)).state != ACTIVE:
                square = sign_of(square_of(one.fix.lat, one.fix.lon)) if one.fix is not None else _UNPLACED
                found.append((-one.batch, square, one.stamp, one.at))
        elif one.verdict == Verdict.UNKNOWN and page.facts.standing(one.stamp, local_day(one.at)).batch is None:
            found.append((watching.ALL, _UNPLACED, one.stamp, one.at))
    return found


def _lots(work: Work, page: _Page, stirred: Iterable[int]) -> Iterator[Signal]:
    """Lots that show more than honest ones do, of those that a page stirred."""
    changed = sorted(stirred)
    everywhere = Counter(watching.counts(work, watching.ALL)) if changed else Counter()
    for lot in changed:
        own = watching.counts(work, lot)
        shown = lots.judged(own, everywhere)
        totals: Counter[tuple[int, int]] = Counter()
        for common, sign, step in lots.moves(own, shown):
            totals[watching.ALL if common else lot, sign] += step
            everywhere[sign] += step * common
        watching.shift(work, totals)
        if shown.suspicion < PARAMETERS.alarm:
            continue
        row = page.facts.lots[lot]
        yield Signal(
            CaseKind.AREA if shown.placed else CaseKind.LOT,
            f"lot:{lot}",
            round(shown.suspicion * UNIT),
            tuple(_clues_of(shown, page.rows[-1].at)),
            organisation_id=page.facts.products[row.product_id].organisation_id,
            batch_id=next((one.batch for one in page.rows if _lot_of(page, one) == lot), None),
            lot_id=lot,
        )


def _lot_of(page: _Page, one: Seen) -> int | None:
    return page.facts.standing(one.stamp, local_day(one.at)).lot


def _clues_of(shown: lots.Shown, at: int) -> Iterator[Clue]:
    areas = [area for area in shown.areas if area.weight >= _WORTH_TELLING]
    if shown.heights[0] >= _WORTH_TELLING or not areas:
        words = Text(
            f"{shown.unusual} trong {shown.stamps} tem đã quét của lô có lịch sử hơi lạ, nhiều hơn hẳn các lô khác.",
            f"{shown.unusual} of the {shown.stamps} scanned stamps of the lot have a slightly odd history, many more"
            " than in other lots.",
        )
        yield Clue("excess", at, words)
    for area in areas:
        near = places.near(places.cell(Place(area.lat, area.lon, 0.0))) or Words("một nơi khác", "another place")
        words = Text(
            f"{area.stamps} tem của lô được quét {near.vi}, ngoài vùng bán và nơi đã giao hàng.",
            f"{area.stamps} stamps of the lot were scanned {near.en}, where nothing of it was to be sold or sent.",
        )
        # A window moves a little as more is seen; it stays one piece of evidence.
        yield Clue(f"area:{round(area.lat)}:{round(area.lon)}", at, words)


def _rolls(work: Work, page: _Page) -> Iterator[Signal]:
    """Rolls that were never activated and yet are scanned, stamp after stamp: stolen stock."""
    rolls = {one.batch: one for one in page.rows if one.consumer and one.verdict == Verdict.NOT_ACTIVATED and one.batch}
    for batch, last in rolls.items():
        rows = watching.signs_since(work, -batch, last.at - alerts.ROLL_US)
        idle = [(stamp, sign) for stamp, sign in rows if page.facts.standing(stamp, local_day(last.at)).state != ACTIVE]
        stamps, squares = len({stamp for stamp, _ in idle}), len({sign for _, sign in idle} - {_UNPLACED})
        if stamps < alerts.ROLL_STAMPS or (squares < alerts.ROLL_PLACES and stamps < alerts.ROLL_MANY):
            continue
        words = Text(
            f"{stamps} tem của cuộn chưa kích hoạt đã bị quét trong 7 ngày, ở ít nhất {max(squares, 1)} nơi.",
            f"{stamps} stamps of a roll that is not activated were scanned within 7 days, in {max(squares, 1)} places"
            " at least.",
        )
        clue = Clue("roll", last.at, words)
        owner = _owner(page.facts, batch)
        yield Signal(CaseKind.STOLEN, f"roll:{batch}", stamps, (clue,), organisation_id=owner, batch_id=batch)


def _unissued(work: Work, page: _Page) -> Iterator[Signal]:
    """Authentic codes outside every issued range: somebody else can make codes."""
    for one in page.rows:
        if one.verdict != Verdict.UNKNOWN or one.batch is not None or watching.issued(work, one.stamp):
            continue
        kept = json.loads(watching.history_of(work, one.key) or "{}")
        key = str(kept.get("stamp", ["", "", "", "?"])[3])
        since = one.at - alerts.ROLL_US
        codes = len({stamp for stamp, _ in watching.signs_since(work, watching.ALL, since)})
        words = Text(
            f"Mã đúng khoá {key} nhưng chưa từng được phát hành: {codes} mã trong 7 ngày. Khoá này có thể đã lộ.",
            f"Codes right by key {key} that were never issued: {codes} within 7 days. That key may be known to others.",
        )
        yield Signal(CaseKind.UNISSUED, f"key:{key}"[:64], codes, (Clue("key", one.at, words),))
