"""Tables in: all rows or none, each fault by its row; tables out: no cell is a formula."""

import csv
import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Refusal
from app.models.lots import Lot
from app.services import exports, imports, tables
from app.services.exports import Form, Sheet
from app.services.imports import Kind, RowsRefused
from tests.app.office import Office
from tests.app.test_api import Program
from tests.app.test_web import Browser, flask

__all__ = ["flask"]
HEAD = "product,lot_no,facility,produced_on,expires_on,quantity,unit,packs\n"


def test_a_table_is_taken_whole(flask: Flask, desk: Office) -> None:
    code = desk.product().code
    table = HEAD + "".join(f'{code},N{n},Xưởng,0{n}/11/2026,2027-11-01,"1,5",kg,{n}\n' for n in range(1, 6))
    owner = Program(flask, desk, "owner")
    assert owner.post("/imports/lots", table.encode()).json == {"taken": 5}
    assert len(desk.rows(Lot)) == 5
    given_back = owner.get("/exports/lots.xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(given_back)).worksheets[0]
    assert sheet.max_row == 6
    back = list(csv.DictReader(io.StringIO(owner.get("/exports/lots.csv").data.decode("utf-8-sig"))))
    assert {row["lot_no"] for row in back} == {f"N{n}" for n in range(1, 6)}
    stranger = Program(flask, desk, "stranger")
    assert stranger.get("/exports/lots.csv").data.decode("utf-8-sig").strip() == ",".join(imports.COLUMNS[Kind.LOTS])


def test_one_wrong_row_keeps_them_all_out(flask: Flask, desk: Office) -> None:
    code = desk.product().code
    table = (
        HEAD
        + f"{code},A1,Xưởng,2026-11-01,2027-11-01,1,kg,5\n"
        + f"{code},A1,Xưởng,2026-11-01,2027-11-01,1,kg,5\n"
        + f"{code},A2,Xưởng,hôm qua,2027-11-01,1,kg,nhiều\n"
        + "SP99999,A3,Xưởng,2026-11-01,2027-11-01,1,kg,5\n"
        + f"{code},A4,,2026-11-01,2027-11-01,1,kg,5\n"
    )
    before = desk.counts()
    answer = Program(flask, desk, "owner").post("/imports/lots", table.encode(), 422)
    assert answer.content_type == "application/problem+json"
    found = [error["pointer"] for error in answer.json["errors"]]
    assert found == ["/3/lot_no", "/4/produced_on", "/4/packs", "/5/product", "/6/facility"]
    after = desk.counts()
    assert {name for name in after if after[name] != before[name]} <= {"api_token", "audit_entry"}
    assert desk.rows(Lot) == []


def test_a_bomb_and_other_files_are_refused(desk: Office) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * (tables.UNPACKED + 1))
    with pytest.raises(Refusal, match="file_missing"):
        tables.read(b"")
    wrong = [out.getvalue(), b"PK\x03\x04junk", b"\xff\xfe\x00", b"a,b\n", b"a\n" * 3000, b"%PDF-1.7\n" * 2]
    for content in wrong[:-1]:
        with pytest.raises(Refusal, match="table_wrong"):
            tables.read(content)
    with pytest.raises(Refusal, match="column_unknown"):
        desk.do("owner", imports.take, Kind.LOTS, wrong[-1])


def test_a_stranger_takes_nothing_into_anothers_product(desk: Office) -> None:
    table = HEAD + f"{desk.product().code},S1,Xưởng,2026-11-01,2027-11-01,1,kg,5\n"
    with pytest.raises(RowsRefused):
        desk.do("stranger", imports.take, Kind.LOTS, table.encode())


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=5))
def test_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    tables.to_csv(("a", "b"), rows, out := io.BytesIO())
    text = out.getvalue().decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@pytest.mark.parametrize("cell", ["=1+1", "+84", "@SUM(A1)", "-2+3", '=HYPERLINK("http://x")', "http://x.vn"])
def test_a_workbook_holds_texts(cell: str) -> None:
    tables.to_xlsx(("a",), [[cell]], book := io.BytesIO())
    sheet = openpyxl.load_workbook(book).worksheets[0]
    assert (sheet["A2"].value, sheet["A2"].data_type) == (cell, "s")
    assert sheet["A2"].hyperlink is None


def sent(browser: Browser, kind: str, content: bytes) -> Any:
    browser.get(f"/office/imports/{kind}")
    return browser.post(f"/office/imports/{kind}", file=(io.BytesIO(content), "bảng.csv"))


def test_a_page_takes_a_table_in_or_tells_of_every_row(flask: Flask, desk: Office) -> None:
    code = desk.product().code
    owner = Browser(flask, "owner")
    head = "Mã sản phẩm;Số lô;Nơi sản xuất;Ngày sản xuất;Số lượng;Đơn vị;Số gói\n"
    wrong = head + f"{code};B1;Xưởng;01/11/2026;1,5;kg;5\n{code};;Xưởng;01/11/2026;1;kg;nhiều\nSP0;B3;<b>;x;1;kg;5\n"
    before = desk.counts()
    answer = sent(owner, "lots", wrong.encode())
    assert answer.status_code == 422
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))
    for words in ("Dòng 3 Số gói", "Dòng 4 Mã sản phẩm"):
        assert words in told
    assert "<b>" not in answer.text
    assert desk.counts() == before
    right = head + f"{code};B1;Xưởng;01/11/2026;1,5;kg;5\n{code};B2;Xưởng;02/11/2026;2;kg;6\n"
    assert sent(owner, "lots", right.encode()).status_code == 303
    assert {row.lot_no for row in desk.rows(Lot)} == {"B1", "B2"}
    listed = owner.get("/office/lots")
    assert "Đã nhập 2 dòng" in listed
    assert "/office/imports/lots" in listed
    taken = owner.client.get("/office/exports/lots.csv?q=B2").data.decode("utf-8-sig")
    assert "B2" in taken
    assert "B1" not in taken
    again = sent(owner, "lots", taken.replace("B2", "B4").encode())
    assert again.status_code == 303, "what is taken away may come back in"
    for bad in (b"", b"%PDF-1.7", b"\xff\xd8\xff\xe0", b"a,b\n1,2\n"):
        assert sent(owner, "lots", bad).status_code == 422


@pytest.mark.parametrize("form", Form)
def test_a_table_is_read_in_parts_and_whole(desk: Office, monkeypatch: pytest.MonkeyPatch, form: Form) -> None:
    """However long a list is, one part of it is in memory at a time, and each row is there once, the newest first."""
    monkeypatch.setattr(exports, "STEP", 2)
    product = desk.product()
    numbers = [desk.lot(product.uid, f"L{at}").lot_no for at in range(5)]
    with desk.reading(desk.people["owner"]) as work:
        table = exports.written(work, Sheet.LOTS, form)
        content = b"".join(table.parts)
        rows = tables.read(content)
        held = [row for row in work.session.identity_map.values() if isinstance(row, Lot)]
    assert [row["lot_no"] for row in rows] == numbers[::-1]
    assert {row["product"] for row in rows} == {product.code}
    assert table.size == len(content)
    assert len(held) <= 2, "rows that were written are let go"


def test_who_may_not_take_in_may_still_take_away(flask: Flask, desk: Office) -> None:
    desk.activated(5)
    coord, staff = Browser(flask, "coord"), Browser(flask, "staff")
    for sheet in Sheet:
        for form in Form:
            answer = coord.client.get(f"/office/exports/{sheet.value}.{form.value}")
            assert answer.status_code == 200, (sheet, form)
            assert len(answer.data) > 60
        assert f"/office/exports/{sheet.value}.xlsx" in coord.get(f"/office/{sheet.value}")
    assert "/office/imports/" not in coord.get("/office/lots")
    assert coord.client.get("/office/imports/lots").status_code == 403
    for form in Form:
        assert staff.client.get(f"/office/imports/lots/blank.{form.value}").status_code == 200
    staff.get("/office/imports/products")
    refused = staff.post("/office/imports/products", file=(io.BytesIO("Tên sản phẩm\nx\n".encode()), "a.csv"))
    assert refused.status_code == 422
    assert staff.client.get("/office/exports/nothing.csv").status_code == 404
