"""The scan: verify, recall, judge, record; one function for a micro-batch, whichever door its scans came through.

1. verify   parse each text; open all tokens with one question; CPU only, forged codes end here
2. recall   facts from memory, sightings from the cache, the misses and the nonces with one SELECT
3. judge    pure; several scans of one stamp are judged one after the other
4. record   one statement, conditional on the fact clock and on every stamp's counter

Whatever lost (another process was faster, or a fact changed) is recalled from the database and judged again. An answer
leaves only after its row is committed (invariant 4). When a commit's outcome is unknown, the receipts are looked up
before anything is tried again; a scan keeps its receipt through every try, so it cannot be written twice.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from stamp_engine.errors import Foreign, Malformed, TypingError
from stamp_engine.format import Code, CompactCode, parse, parse_path
from stamp_engine.tokens import Opened
from verifier import places
from verifier.cache import Cache
from verifier.clones.crowd import Crowd
from verifier.contract import ReasonCode, ScanAnswer, ScanRequest, ScanRole, StampView, Verdict
from verifier.devices import device_hash
from verifier.dossier import Parts
from verifier.facts import Facts, Snapshot
from verifier.findings import Finding, found_that, reason
from verifier.journal import UNSEEN, Change, Journal, JournalDown, Recorded, ScanRow, Stored
from verifier.keyring import Authentic, check
from verifier.opener import OpenerClient, OpenerDown
from verifier.receipts import history, replay
from verifier.sightings import NEVER_SEEN, Sighting, device_mark
from verifier.verdict import Judgement, Look, Standing, judge, local_day

_log = logging.getLogger(__name__)
# Under the hardest race a try is lost three times in four; 64 tries leave one loser in a hundred million.
MOST_TRIES = 64
# A row refused twice when it stood alone is wrong in itself; the first time another process may have used its nonce.
MOST_REFUSALS = 2
# After this long nothing is tried a second time: a phone that waits longer has been put away.
PATIENCE_S = 1.0
_NO_RECEIPT = UUID(int=0)


class NonceReused(Exception):
    """The nonce was used for another code before. Nothing was recorded."""


Outcome = ScanAnswer | NonceReused


@dataclass(slots=True)
class _Work:
    """One scan on its way through a micro-batch."""

    place: int
    request: ScanRequest
    receipt: UUID = _NO_RECEIPT
    code: Code | None = None
    known: Authentic | None = None
    answer: Outcome | None = None
    refused: int = 0

    @property
    def typed(self) -> bool:
        return not self.request.from_path and "://" not in self.request.text


@dataclass(frozen=True, slots=True)
class _Recalled:
    facts: Snapshot
    sightings: dict[int, Stored]
    nonces: dict[str, tuple[int, UUID]]


@dataclass(frozen=True, slots=True)
class Observer:
    """What the metrics hear of a micro-batch: size and seconds, scans judged again, cache hits and misses, verdicts."""

    batch: Callable[[int, float], None]
    judged_again: Callable[[int], None]
    recalled: Callable[[int, int], None]
    verdict: Callable[[Verdict, int], None]


@dataclass(frozen=True, slots=True)
class Means:
    """What a scan is answered with."""

    journal: Journal
    facts: Facts
    opener: OpenerClient
    cache: Cache
    show_copies: bool = False


class Scanner:
    """Answers micro-batches of scans. Not for several threads at once: `verifier.loop` gives it one.

    `hosts` are the hosts whose links are ours, in upper case; `clock` gives UTC microseconds, `new_id` fresh UUIDv7s.
    """

    def __init__(
        self,
        means: Means,
        *,
        hosts: Iterable[str],
        device_secret: bytes,
        clock: Callable[[], int],
        new_id: Callable[[], UUID],
        observer: Observer | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = means.journal
        self._facts = means.facts
        self._opener = means.opener
        self._cache = means.cache
        self._hosts = frozenset(hosts)
        self._device_secret = device_secret
        self._clock = clock
        self._new_id = new_id
        self._observer = observer
        self._monotonic = monotonic
        self._show_copies = means.show_copies
        self._crowd = Crowd()

    def scan(self, requests: Sequence[ScanRequest]) -> list[Outcome]:
        """The answer to each request, in order. Never raises for what a request or a lost server brings."""
        began = self._monotonic()
        works = [_Work(place, request) for place, request in enumerate(requests)]
        self._verify(works)
        pending = [work for work in works if work.answer is None]
        for work in pending:
            work.receipt = self._new_id()
        try:
            self._settle(pending, began)
        except JournalDown:
            for work in pending:
                work.answer = work.answer or self._plain(Verdict.UNAVAILABLE)
        if self._observer is not None:
            self._observer.batch(len(works), self._monotonic() - began)
            verdicts = Counter(one.answer.verdict for one in works if isinstance(one.answer, ScanAnswer))
            for verdict, scans in verdicts.items():
                self._observer.verdict(verdict, scans)
        return [work.answer or self._plain(Verdict.UNAVAILABLE) for work in works]

    # 1. verify

    def _verify(self, works: Sequence[_Work]) -> None:
        for work in works:
            self._parse(work)
        parsed = [work for work in works if work.code is not None]
        if not parsed:
            return
        try:
            facts = self._facts.snapshot()
            opened = self._open(parsed)
        except (JournalDown, OpenerDown):
            for work in parsed:
                work.answer = self._plain(Verdict.UNAVAILABLE)
            return
        for work in parsed:
            if work.code is not None:
                found = check(work.code, opened.get(work.place), facts, typed=work.typed)
                if isinstance(found, Finding):
                    work.answer = self._plain(Verdict.FORGED, found)
                else:
                    work.known = found

    def _parse(self, work: _Work) -> None:
        text = work.request.text
        try:
            work.code = parse_path(text) if work.request.from_path else parse(text, self._hosts)
        except TypingError:
            work.answer = self._plain(Verdict.MALFORMED, found_that(ReasonCode.TYPING_ERROR))
        except Malformed:
            work.answer = self._plain(Verdict.MALFORMED, found_that(ReasonCode.NOT_A_STAMP))
        except Foreign:
            work.answer = self._plain(Verdict.FOREIGN, found_that(ReasonCode.OTHER_HOST))

    def _open(self, works: Sequence[_Work]) -> dict[int, Opened | None]:
        """What the tokens among these codes hold, by the place of the work; one question for all."""
        tokens = {work.place: work.code.token for work in works if isinstance(work.code, CompactCode)}
        return dict(zip(tokens, self._opener.open(list(tokens.values())), strict=True))

    # 2. recall, 3. judge, 4. record

    def _settle(self, pending: list[_Work], began: float) -> None:
        uncertain, at_least, fresh, lost = False, 0, False, 0
        for attempt in range(MOST_TRIES):
            pending = [work for work in pending if work.answer is None]
            if not pending:
                return
            if attempt and self._observer is not None:
                self._observer.judged_again(len(pending))
            try:
                if uncertain:
                    self._look_up(pending)
                    pending = [work for work in pending if work.answer is None]
                recalled = self._recall(pending, at_least, fresh=fresh)
                self._replay(pending, recalled)
                groups = self._groups(pending)
                uncertain, fresh = False, True
                judged = {stamp: self._judge(stamp, group, recalled) for stamp, group in groups.items()}
                changes = [change for change, _ in judged.values() if change.scans]
                recorded = self._journal.record(recalled.facts.clock, changes) if changes else None
                at_least = self._answer(judged, recorded, recalled)
                if recorded is not None and recorded.refused:
                    self._set_apart([groups[stamp] for stamp in recorded.refused])
                    uncertain = True
            except JournalDown:
                lost += 1
                if lost > 1 or self._monotonic() - began > PATIENCE_S:
                    raise
                uncertain = True

    def _set_apart(self, groups: Iterable[Sequence[_Work]]) -> None:
        """Note whose rows the database refused; who was refused twice, alone the second time, is not answered."""
        for group in groups:
            for work in group:
                work.refused += 1
            if len(group) == 1 and group[0].refused >= MOST_REFUSALS:
                group[0].answer = self._plain(Verdict.UNAVAILABLE)

    def _look_up(self, pending: Sequence[_Work]) -> None:
        """Answer those whose rows are there after all."""
        facts = self._facts.snapshot()
        rows = self._journal.find([work.receipt for work in pending])
        for work in pending:
            if work.receipt in rows:
                work.answer = replay(rows[work.receipt], facts)

    def _recall(self, pending: Sequence[_Work], at_least: int, *, fresh: bool) -> _Recalled:
        facts = self._facts.refresh(at_least) if at_least else self._facts.snapshot()
        stamps = sorted({work.known.index for work in pending if work.known is not None})
        nonces = {work.request.nonce for work in pending if work.request.nonce}
        cached = {} if fresh else self._cache.recall(stamps)
        missing = [stamp for stamp in stamps if stamp not in cached]
        unrecorded = any(not work.request.count for work in pending)
        if self._observer is not None and not fresh:
            self._observer.recalled(len(cached), len(missing))
        if not missing and not nonces and not unrecorded:
            return _Recalled(facts, cached, {})
        known = self._journal.recall(missing, nonces)
        if known.clock != facts.clock:
            facts = self._facts.refresh(known.clock)
        return _Recalled(facts, {**cached, **known.sightings}, known.nonces)

    def _replay(self, pending: Sequence[_Work], recalled: _Recalled) -> None:
        """Answer repeats of a nonce as it was answered the first time."""
        rows = self._journal.find([scan for _, scan in recalled.nonces.values()])
        for work in pending:
            found = recalled.nonces.get(work.request.nonce or "")
            if found is None or work.known is None:
                continue
            stamp, scan = found
            same = stamp == work.known.index and scan in rows
            work.answer = replay(rows[scan], recalled.facts) if same else NonceReused()

    def _groups(self, pending: Sequence[_Work]) -> dict[int, list[_Work]]:
        """The works to judge now, by stamp; of several with one nonce the first goes, the others find it next time.

        Of several whose rows were refused together each goes alone, so that a bad one takes no other with it.
        """
        groups: defaultdict[int, list[_Work]] = defaultdict(list)
        nonces: set[str] = set()
        for work in pending:
            nonce = work.request.nonce
            if work.answer is None and work.known is not None and (not nonce or nonce not in nonces):
                nonces.add(nonce or "")
                group = groups[work.known.index]
                if not (group and work.refused):
                    group.append(work)
        return groups

    def _judge(
        self, stamp: int, group: Sequence[_Work], recalled: _Recalled
    ) -> tuple[Change, list[tuple[_Work, ScanAnswer]]]:
        stored = recalled.sightings.get(stamp, UNSEEN)
        sighting = Sighting.unpack(stored.state) if stored.state else NEVER_SEEN
        n, rows, nonces, answers = stored.n, [], [], []
        for work in group:
            # A stamp's times never run backwards, whatever a clock was set to.
            at = max(self._clock(), sighting.last_at)
            day = local_day(at)
            look = _look(work.request, stamp, at, self._crowd)
            standing = recalled.facts.standing(stamp, day)
            judgement = judge(standing, sighting, look, show_copies=self._show_copies)
            if judgement.shadowed and work.request.count:
                _log.warning("suspected copy, not shown: stamp %d, receipt %s", stamp, work.receipt)
            view = _view(work, standing, recalled.facts)
            if work.request.count:
                n, sighting = n + 1, judgement.sighting
                rows.append(self._row(work, standing, judgement, view, n, at))
                if work.request.nonce:
                    nonces.append((work.request.nonce, work.receipt))
            parts = recalled.facts.answer_parts(standing.batch, standing.lot, day)
            answers.append((work, _answer(work, judgement, view, parts, at)))
        return Change(stamp, stored.n, Stored(n, sighting.pack()), tuple(rows), tuple(nonces)), answers

    def _row(self, work: _Work, standing: Standing, judgement: Judgement, view: StampView, n: int, at: int) -> ScanRow:
        request = work.request
        cell = places.cell(request.place)
        return ScanRow(
            id=work.receipt,
            stamp=work.known.index if work.known else 0,
            batch_id=standing.batch,
            lot_id=standing.lot,
            n=n,
            at=at,
            scanned_at=request.scanned_at if request.scanned_at is not None else at,
            verdict=judgement.verdict.value,
            suspicion=judgement.suspicion,
            history=history(judgement, view),
            role=request.role.value,
            channel=request.channel.value,
            device=device_hash(self._device_secret, request.device, at) if request.device else None,
            cell=cell,
            source=request.place.source.value if request.place is not None and cell is not None else "none",
            late=request.scanned_at is not None,
        )

    def _answer(
        self,
        judged: dict[int, tuple[Change, list[tuple[_Work, ScanAnswer]]]],
        recorded: Recorded | None,
        recalled: _Recalled,
    ) -> int:
        """Answer what was recorded, and what needed no record; gives the clock the rest must be judged with."""
        won: dict[int, Stored] = {}
        for stamp, (change, answers) in judged.items():
            if change.scans and (recorded is None or stamp not in recorded.won):
                continue
            if change.scans:
                won[stamp] = change.after
            for work, answer in answers:
                work.answer = answer
        self._cache.remember(won)
        return recorded.clock if recorded is not None else recalled.facts.clock

    def _plain(self, verdict: Verdict, *findings: Finding) -> ScanAnswer:
        return ScanAnswer(verdict, self._clock(), tuple(reason(finding) for finding in findings))


def _look(request: ScanRequest, stamp: int, at: int, crowd: Crowd) -> Look:
    mark = device_mark(request.device, stamp)
    return Look(
        at=at,
        device=mark,
        fix=places.fix(request.place, at, mark),
        consumer=request.role is ScanRole.CONSUMER,
        recorded=request.count,
        late_since=request.scanned_at,
        credible=crowd.credible(request.device, stamp, at // 1_000_000),
    )


def _view(work: _Work, standing: Standing, facts: Snapshot) -> StampView:
    known = work.known
    if known is None:
        raise ValueError("only an authentic code has a stamp to show")
    batch = facts.batch_of(known.index)
    return StampView(
        known.serial, standing.state, known.profile.value, known.key_id, pins=bool(batch and batch.row.pins)
    )


def _answer(work: _Work, judgement: Judgement, view: StampView, parts: Parts, at: int) -> ScanAnswer:
    return ScanAnswer(
        verdict=judgement.verdict,
        checked_at=at,
        reasons=tuple(reason(finding) for finding in judgement.findings),
        first_scan=judgement.first,
        scans=judgement.scans,
        stamp=view,
        product=parts.product,
        organisation=parts.organisation,
        lot=parts.lot,
        trace=parts.trace,
        recall=parts.recall,
        receipt=work.receipt if work.request.count else None,
        suspicion=judgement.suspicion,
        late=work.request.scanned_at is not None,
    )
