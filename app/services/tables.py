"""Tables in CSV and XLSX: read with limits, written so that no cell is ever a formula.

A workbook is a ZIP: what it would unpack to is looked at before anything is unpacked. Formulas are not worked out; a
cell that holds one is read as its last result. A cell that a spreadsheet would take for a formula (CWE-1236) is written
with an apostrophe before it in CSV, and as plain text in XLSX.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import IO, Any

from app.domain.errors import Refusal

LARGEST = 2 * 1024 * 1024
UNPACKED = 20 * 1024 * 1024
MOST_ROWS = 2000
MOST_COLUMNS = 40
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV (UTF-8) or XLSX file by the names in its first row. Raises Refusal."""
    if not content:
        raise Refusal("file_missing", pointer="/file")
    if len(content) > LARGEST:
        raise Refusal("table_wrong", pointer="/file")
    try:
        rows = _xlsx(content) if content.startswith(b"PK") else _csv(content)
        lines = [[_text(cell) for cell in row[:MOST_COLUMNS]] for row in rows]
    except (ValueError, KeyError, OSError, EOFError, csv.Error, zipfile.BadZipFile, RuntimeError, SyntaxError):
        raise Refusal("table_wrong", pointer="/file") from None
    lines = [line for line in lines if any(line)]
    if len(lines) < 2 or len(lines) > MOST_ROWS + 1:
        raise Refusal("table_wrong", pointer="/file")
    names = [name.lower() for name in lines[0]]
    return [dict(zip(names, [*line, *[""] * len(names)], strict=False)) for line in lines[1:]]


def _csv(content: bytes) -> Iterable[Sequence[Any]]:
    text = content.decode("utf-8-sig")
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    return _first(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))


def _xlsx(content: bytes) -> Iterable[Sequence[Any]]:
    import openpyxl  # noqa: PLC0415  wanted by this alone

    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        members = packed.infolist()
        if len(members) > 200 or sum(one.file_size for one in members) > UNPACKED:
            raise Refusal("table_wrong", pointer="/file")
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        return _first(sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True))
    finally:
        book.close()


def _first(rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """One row more than allowed at most."""
    return [row for row, _ in zip(rows, range(MOST_ROWS + 2), strict=False)]


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell).strip().removeprefix("'")


def to_csv(names: Sequence[str], rows: Iterable[Sequence[object]], out: IO[bytes]) -> None:
    """A CSV file in UTF-8 with the mark that spreadsheets ask for, written row by row."""
    text = io.TextIOWrapper(out, "utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def _safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_xlsx(names: Sequence[str], rows: Iterable[Sequence[object]], out: IO[bytes]) -> None:
    """A workbook of one sheet, written row by row; every text is a text."""
    import xlsxwriter  # noqa: PLC0415  wanted by this alone

    plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, plain) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(chain([names], rows)):
            for column, cell in enumerate(row):
                if isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
                    sheet.write_number(at, column, float(cell))
                else:
                    sheet.write_string(at, column, "" if cell is None else str(cell))
