"""The search box."""

from flask import render_template, request

from app.auth import needs, reading
from app.services import search as service
from app.web import web
from app.web.activations import reader

PAGES = {
    "stamp": ("web.roll", "Tem", "Stamp"),
    "lot": ("web.lot", "Lô", "Lot"),
    "product": ("web.product", "Sản phẩm", "Product"),
    "order": ("web.order", "Đơn tem", "Order"),
    "roll": ("web.roll", "Cuộn tem", "Roll"),
    "recall": ("web.recall", "Thu hồi", "Recall"),
    "organisation": ("web.organisation", "Chủ thể", "Organisation"),
}


@web.get("/search")
@needs()
def search() -> str:
    """Whatever these words name, within what one may see."""
    words = request.args.get("q", "")[:512]
    with reading() as work:
        hits = service.find(work, reader(), words)
    return render_template("search.html", words=words, hits=hits, pages=PAGES)
