"""What a buyer will see of a product: the ten items, which are missing, and a poster that shows what it should."""

import io

import zxingcpp
from flask import Flask
from PIL import Image

from app.services import files, lots, products, shopfront
from tests.app.office import Office, dossier
from tests.app.test_api import Program, photo
from tests.app.test_web import Browser, flask

__all__ = ["flask"]


def test_the_ten_items_are_told_one_by_one(flask: Flask, desk: Office) -> None:
    product = desk.product(standard=None, brand=None)
    owner = Browser(flask, "owner")
    page = owner.get(f"/office/products/{product.uid}/preview")
    with desk.reading(desk.people["owner"]) as work:
        found = shopfront.of(work, product.uid)
    lacking = {one.item.value for one in found.items if not one.said}
    assert lacking == {"stages", "production_time", "expiry", "standard", "brand"}
    assert found.missing == 4, "a brand is told where there is one"
    assert "Còn thiếu 4 / 10" in page
    lot = desk.lot(product.uid)
    for part in dossier():
        desk.do("owner", lots.add, lot.uid, part)
    page = owner.get(f"/office/products/{product.uid}/preview")
    assert "Còn thiếu 1 / 10" in page
    assert "Xưởng Tô Hiệu" in page
    items = Program(flask, desk, "owner").get(f"/products/{product.uid}/shopfront").json
    assert items["missing"] == 1
    assert [one["item"] for one in items["items"] if not one["said"] and one["needed"]] == ["standard"]
    assert Browser(flask, "stranger").client.get(f"/office/products/{product.uid}/preview").status_code == 404
    whole = desk.product(name="Mận")
    desk.complete(desk.lot(whole.uid, "L2").uid)
    assert "Đủ mười mục" in owner.get(f"/office/products/{whole.uid}/preview")


def test_a_poster_is_drawn_with_its_picture_and_a_code_that_reads(flask: Flask, desk: Office) -> None:
    product = desk.product(name="Chè Shan tuyết Tà Xùa cổ thụ hái tay một tôm hai lá sao suốt " * 2)
    owner = Browser(flask, "owner")
    plain = Image.open(io.BytesIO(owner.client.get(f"/office/products/{product.uid}/poster.jpg").data))
    assert plain.size == (1080, 1440)
    (symbol,) = zxingcpp.read_barcodes(plain)
    assert symbol.text == "http://127.0.0.1:8000/"
    other = desk.product(name="Mận")
    desk.do("owner", products.add_picture, desk.store, other.uid, files.picture(photo()))
    assert "/poster.jpg" in owner.get(f"/office/products/{other.uid}/poster")
    assert owner.client.get(f"/office/products/{other.uid}/poster.jpg?lang=en").status_code == 200
    assert Browser(flask, "stranger").client.get(f"/office/products/{other.uid}/poster.jpg").status_code == 404
