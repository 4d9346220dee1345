"""Loading the demo into an empty database, and telling where to look."""

import json
import random
import socket
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import click
import sqlalchemy as sa

import config
from app.cli.ledger import code_of
from app.cli.stage import now, scanning
from app.courier import post
from app.demo.catalogue import GOODS, MAKERS, Motif, example_gtin
from app.demo.pictures import draw
from app.demo.story import DAY, PLANS, Clock, Stage, play
from app.demo.times import TABLES, multiply
from app.domain.organisations import OrganisationEvent, OrganisationKind
from app.domain.permissions import SYSTEM, Actor, RoleName
from app.domain.products import ProductEvent, ProductGroup, RuleSet
from app.models.organisations import Organisation
from app.services import certificates, organisations, products, units, users
from app.services.certificates import NewCertificate
from app.services.files import ContentStore
from app.services.organisations import NewOrganisation
from app.services.paging import Ask
from app.services.products import NewProduct
from app.services.users import NewUser
from app.services.work import Desk, local_day
from app.watch import Watch
from app.worker import Minter, courier

PASSWORD = "sonla-ocop-2026"  # noqa: S105  printed at every start; the demo refuses production
MARK = "demo.json"
READ_BACK = 500
STARTED_AGO = 130
WAITING = 43
"""The product that still waits for its approval."""
_PEOPLE = {
    "admin": ("quantri@vidu.example", "Quản trị (ví dụ)", RoleName.ADMIN),
    "coord": ("dieuphoi@vidu.example", "Cán bộ điều phối (ví dụ)", RoleName.COORD),
    "coord2": ("dieuphoi2@vidu.example", "Cán bộ điều phối 2 (ví dụ)", RoleName.COORD),
    "dept": ("so@vidu.example", "Cán bộ sở (ví dụ)", RoleName.DEPT),
    "commune": ("xa@vidu.example", "Cán bộ xã (ví dụ)", RoleName.COMMUNE),
    "inspector": ("kiemtra@vidu.example", "Kiểm tra viên (ví dụ)", RoleName.INSPECTOR),
    "council": ("hoidong@vidu.example", "Hội đồng (ví dụ)", RoleName.COUNCIL),
}
_LINKS = (
    ("sold", "tem tốt / a good stamp"),
    ("recalled", "lô bị thu hồi / recalled"),
    ("copied", "bất thường / unusual"),
)


def load(minter: Minter, times: int = 1) -> None:
    """Load the demo where there is nothing yet, so many times. Refuses production and real organisations."""
    settings = config.worker()
    mark = settings.data_dir / MARK
    if mark.exists():
        return
    if settings.environment is config.Environment.PRODUCTION:
        raise config.BadSettings({"ENVIRONMENT": "the demo is not loaded in production; use development"})
    with minter.desk.reading(SYSTEM) as work:
        if work.session.scalar(sa.select(sa.func.count()).select_from(Organisation)):
            click.echo("Đã có dữ liệu; không nạp dữ liệu ví dụ. / There is data already; no demo was loaded.", err=True)
            return
    links = _play(minter, settings.data_dir)
    if times > 1:
        _again(minter, times)
    partial = mark.with_suffix(".part")
    partial.write_text(json.dumps(links, ensure_ascii=False), "utf-8")
    partial.replace(mark)


def _again(minter: Minter, times: int) -> None:
    """The demo many times over, once the worker has done what was due."""
    minter.upkeep()
    outbox = courier(config.worker())
    while post(minter.desk, outbox):
        pass
    watch = Watch(minter.desk)
    while watch.turn():
        pass
    watch.close()
    with click.progressbar(length=len(TABLES), label=f"Nhân {times} lần / {times} times over") as bar:
        multiply(
            minter.desk,
            times,
            lambda count, floor: minter.keys.reserve(count, floor, name="demo"),
            lambda done: bar.update(done - bar.pos),
        )


def _play(minter: Minter, data_dir: Path) -> dict[str, str]:
    """Tell the story; gives stamps to open."""
    today = now()
    clock = Clock(today - STARTED_AGO * DAY)
    chance = random.Random(3)  # noqa: S311  ids of a story

    def new_id() -> UUID:
        value = (clock.now // 1000) << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
        return UUID(int=value)

    desk = Desk(minter.desk.engine, clock, new_id, minter.desk.press)
    with scanning(clock, new_id) as scan:
        people, owners, printer = _cast(desk)
        goods = _stock(desk, people, owners, ContentStore(data_dir / "files"))
        # The story tells of 200,000 stamps; reading back a sample of each job keeps the first start short.
        told = replace(minter, desk=desk, read_back=READ_BACK)
        stage = Stage(
            desk=desk,
            clock=clock,
            mint=told.run_once,
            scan=scan,
            code=lambda batch, index: code_of(minter.keys, batch, index)[0],
            people=people,
            owners=[owners[good.maker] for good in GOODS],
            products=goods,
            printer=printer,
            now=today,
        )
        with click.progressbar(length=len(PLANS), label="Nạp dữ liệu ví dụ / loading the demo") as bar:
            play(stage, lambda done, _: bar.update(done - bar.pos))
    return stage.links


def _cast(desk: Desk) -> tuple[dict[str, Actor], list[Actor], UUID]:
    """The people of each role, the owner of each maker, and the print house."""
    people = {}
    with desk.work(SYSTEM) as work:
        province, commune = units.province(work.session), units.present(work, "03868")
        area = {"inspector": province.id, "commune": commune.id}
        for key, (email, name, role) in _PEOPLE.items():
            asked = NewUser(name, PASSWORD, (role,), email=email, unit_id=area.get(key), example=True)
            people[key] = users.actor_of(users.create(work, asked))
    owners = [_maker(desk, people["coord"], number) for number in range(len(MAKERS))]
    house = NewOrganisation(
        name="Nhà in Tem Sơn La (ví dụ)",
        kind=OrganisationKind.CTY_TNHH,
        address="Số 5, phường Tô Hiệu",
        unit="03646",
        prints=True,
        example=True,
    )
    with desk.work(people["coord"]) as work:
        printer = organisations.register(work, house)
        organisations.decide(work, printer.uid, OrganisationEvent.APPROVE)
    with desk.work(SYSTEM) as work:
        asked = NewUser(
            "Nhà in (ví dụ)", PASSWORD, (RoleName.PRINTER,), email="nhain@vidu.example", organisation_id=printer.id
        )
        people["printer"] = users.actor_of(users.create(work, asked))
        waiting = replace(house, name="HTX Sơn tra Xím Vàng (ví dụ)", kind=OrganisationKind.HTX, prints=False)
        organisations.register(work, replace(waiting, unit="03862", address="Bản Xím Vàng, xã Xím Vàng"))
    return people, owners, printer.uid


def _maker(desk: Desk, coord: Actor, number: int) -> Actor:
    maker = MAKERS[number]
    with desk.work(coord) as work:
        row = organisations.register(
            work,
            NewOrganisation(
                name=maker.name,
                kind=maker.kind,
                address=maker.address,
                unit=maker.commune,
                phone=f"0900 000 0{number + 1:02d}",
                story=maker.story,
                registration_no=f"VD-{number + 1:03d}",
                example=True,
            ),
        )
        organisations.decide(work, row.uid, OrganisationEvent.APPROVE)
    with desk.work(SYSTEM) as work:
        asked = NewUser(
            f"Chủ thể {number + 1} (ví dụ)",
            PASSWORD,
            (RoleName.PRODUCER_OWNER,),
            email=f"chuthe{number + 1}@vidu.example",
            organisation_id=row.id,
            example=True,
        )
        owner = users.actor_of(users.create(work, asked))
        if number == 0:
            staff = replace(
                asked, name="Nhân viên (ví dụ)", roles=(RoleName.PRODUCER_STAFF,), email="nhanvien@vidu.example"
            )
            users.create(work, staff)
    return owner


def _stock(desk: Desk, people: dict[str, Actor], owners: list[Actor], store: ContentStore) -> list[UUID]:
    """Every product with its picture and, for most, its certificate; one certificate has run out."""
    made = []
    with desk.reading(SYSTEM) as work:
        homes = {row.id: row.uid for row in organisations.page(work, Ask(size=len(MAKERS) + 2)).rows}
    for number, good in enumerate(GOODS):
        owner = owners[good.maker]
        with desk.work(owner) as work:
            row = products.create(
                work,
                homes[owner.organisation_id or 0],
                NewProduct(
                    name=good.name,
                    name_en=good.name_en,
                    group=good.group,
                    description=good.description,
                    pack=good.pack,
                    gtin=example_gtin(number + 1) if number % 7 != 5 else None,
                    standard=f"TCCS {number + 1:02d}:2026",
                    ingredients=good.ingredients,
                    shelf_life_days=good.days,
                    annual_packs=60_000,
                    stampable=good.group is not ProductGroup.DU_LICH,
                    tests_required=good.motif not in {Motif.CLOTH, Motif.BASKET, Motif.HOUSE},
                ),
            )
            products.add_picture(work, store, row.uid, draw(good.motif, number), media_type="image/svg+xml")
            products.decide(work, row.uid, ProductEvent.SUBMIT)
        if number == WAITING:
            made.append(row.uid)
            continue
        with desk.work(people["coord"]) as work:
            products.decide(work, row.uid, ProductEvent.APPROVE)
            if number % 4 != 3:
                certificates.grant(work, row.uid, _certificate(number, desk.clock()))
        made.append(row.uid)
    return made


def _certificate(number: int, at: int) -> NewCertificate:
    issued = local_day(at) - timedelta(days=1200 if number == 5 else 60 + number * 17)
    points = Decimal(50 + (number * 7) % 42)
    return NewCertificate(
        decision_no=f"{100 + number}/QĐ-UBND (ví dụ)",
        issuer="UBND tỉnh Sơn La (ví dụ)",
        rule_set=RuleSet.QD_148_2023,
        points_a=(points * 40 / 100).quantize(Decimal("0.1")),
        points_b=(points * 25 / 100).quantize(Decimal("0.1")),
        points_c=(points * 35 / 100).quantize(Decimal("0.1")),
        issued_on=issued,
    )


def announce(settings: config.Management, seconds: float) -> None:
    """Print the addresses, the accounts, three stamps to open, and how to use a phone."""
    links = json.loads((settings.data_dir / MARK).read_text("utf-8")) if (settings.data_dir / MARK).exists() else {}
    url = settings.public_url
    say = click.echo
    say(f"\nTem điện tử Sơn La: {url}   (sẵn sàng sau / ready after {seconds:.1f} s)")
    say(f"  kiểm tra tem / check a stamp:  {url}/")
    say(f"  văn phòng / office:            {url}/office/")
    say("Ba tem để mở / three stamps to open:")
    for fate, words in _LINKS:
        if fate in links:
            say(f"  {words}:  {url}/{links[fate].partition('://')[2].partition('/')[2]}")
    say(f"Tài khoản, mật khẩu / accounts, password: {PASSWORD}")
    for email, name, role in (*_PEOPLE.values(), ("nhain@vidu.example", "Nhà in (ví dụ)", RoleName.PRINTER)):
        say(f"  {role.value:15} {email:26} {name}")
    say(f"  {'PRODUCER_OWNER':15} {'chuthe1@vidu.example':26} {MAKERS[0].name} (… chuthe{len(MAKERS)})")
    say(f"  {'PRODUCER_STAFF':15} {'nhanvien@vidu.example':26} {MAKERS[0].name}")
    say("Từ điện thoại cùng mạng / from a phone on the same network:")
    say(f"  HOST=0.0.0.0 make run, rồi mở / then open  http://{_address()}:{settings.port}/\n")


def _address() -> str:
    """This machine's address on its network, as far as it can be known without asking anybody."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it only chooses the interface (RFC 5737 test address).
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "IP-của-máy-này"
