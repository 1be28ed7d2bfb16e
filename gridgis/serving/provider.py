"""What pygeoapi asks of a collection, answered from the tables of a county."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pygeoapi.provider.base import BaseProvider, ProviderInvalidQueryError, ProviderItemNotFoundError
from pygeoapi.util import crs_transform

from gridgis.errors import GridgisError
from gridgis.serving.source import Table

PROVIDER = f"{__name__}.TableProvider"


@dataclass(frozen=True)
class Shelf:
    """A collection as pygeoapi's configuration carries it.

    Attributes
    ----------
    table
        Returns the table for what stood in ``datetime``, None where nothing did.
    timed
        True where ``datetime`` may be given.
    """

    table: Callable[[str | None], Table]
    key: str
    timed: bool

    def __deepcopy__(self, _memo: Any) -> Shelf:
        """Return itself: pygeoapi copies its configuration, and a county has no copies."""
        return self


class TableProvider(BaseProvider):  # type: ignore[misc]  # pygeoapi has no types
    """A collection for reading.

    Parameters
    ----------
    definition
        pygeoapi's; its `data` is a `Shelf`.
    """

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self.shelf: Shelf = self.data

    @property
    def fields(self) -> dict[str, dict[str, str]]:
        """Names and types of the properties."""
        return self.get_fields()

    def get_fields(self) -> dict[str, dict[str, str]]:
        """Return names and types of the properties."""
        return self._table(None).fields

    def _table(self, when: str | None) -> Table:
        if when is not None and not self.shelf.timed:
            raise ProviderInvalidQueryError(user_msg="datetime is not offered for this collection")
        try:
            return self.shelf.table(when)
        except GridgisError as error:
            raise ProviderInvalidQueryError(user_msg=f"{error.zh} {error.en}") from error

    @crs_transform  # type: ignore[untyped-decorator]
    def query(self, **asked: Any) -> dict[str, Any]:
        """Return a page of features; `asked` is what pygeoapi has read off the request."""
        if asked.get("filterq") is not None or asked.get("q") is not None:
            raise ProviderInvalidQueryError(user_msg="filter and q are not offered: use bbox and property=value")
        table = self._table(asked.get("datetime_"))
        found = self._chosen(table, asked.get("bbox") or (), asked.get("properties") or ())
        for step in reversed(asked.get("sortby") or []):
            found = _sorted(table, found, step["property"], down=step["order"] == "-")
        start = asked.get("offset", 0)
        page = found[:0] if asked.get("resulttype") == "hits" else found[start : start + asked.get("limit", 10)]
        names, bare = asked.get("select_properties") or (), asked.get("skip_geometry", False)
        features = [_shaped(table.features[k], table.key, names, bare) for k in page]
        return {
            "type": "FeatureCollection", "features": features, "numberMatched": len(found),
            "numberReturned": len(features),
        }  # fmt: skip

    @crs_transform  # type: ignore[untyped-decorator]
    def get(self, identifier: str, **_others: Any) -> dict[str, Any]:
        """Return one feature."""
        table = self._table(None)
        if identifier not in table.position:
            raise ProviderItemNotFoundError(user_msg=f"there is no feature {identifier}")
        return dict(table.features[table.position[identifier]])

    def _chosen(self, table: Table, bbox: Sequence[float], wanted: Sequence[tuple[str, str]]) -> NDArray[np.intp]:
        if bbox:
            half = len(bbox) // 2
            found = table.within(bbox[0], bbox[1], bbox[half], bbox[half + 1])
        else:
            found = np.arange(len(table.ids))
        same = [all(_same(table.features[k]["properties"].get(name), value) for name, value in wanted) for k in found]
        return found[np.array(same, dtype=bool)] if wanted else found


def _same(value: Any, text: str) -> bool:
    if isinstance(value, (int, float)):
        try:
            return float(text) == float(value)
        except ValueError:
            return False
    return (value or "") == text


def _sorted(table: Table, found: NDArray[np.intp], name: str, *, down: bool) -> NDArray[np.intp]:
    """Return positions ordered by a property; what is missing comes last."""
    values = [table.features[k]["properties"].get(name) for k in found]
    known = [k for k, v in enumerate(values) if v is not None]
    lost = [k for k, v in enumerate(values) if v is None]
    known.sort(key=lambda k: values[k], reverse=down)
    return found[np.array(known + lost, dtype=np.intp)]


def _shaped(feature: dict[str, Any], key: str, names: Sequence[str], bare: bool) -> dict[str, Any]:
    """Return a feature with the properties asked for, and without its geometry if so asked."""
    own = feature["properties"]
    kept = {k: v for k, v in own.items() if k in names or k == key} if names else own
    return feature | {"properties": kept, "geometry": None if bare else feature["geometry"]}
