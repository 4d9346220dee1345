"""The tables, one file a noun. Models hold columns and nothing else; importing this package registers them all."""

from app.models import (
    alerts,
    audit,
    certificates,
    facts,
    files,
    keys,
    lots,
    orders,
    organisations,
    products,
    recalls,
    scans,
    stamps,
    units,
    users,
)
from app.models.base import Base

__all__ = [
    "Base",
    "alerts",
    "audit",
    "certificates",
    "facts",
    "files",
    "keys",
    "lots",
    "orders",
    "organisations",
    "products",
    "recalls",
    "scans",
    "stamps",
    "units",
    "users",
]
