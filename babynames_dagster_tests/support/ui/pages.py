"""What a person does in Dagster's UI, and what they see there: the ways through its pages.

What belongs here: addresses, buttons, and reading what is drawn. What does not: what ought to be there.

The UI has few roles and labels to go by, so that some of this leans on its markup, as of Dagster 1.13.
"""

from typing import Any

from playwright.sync_api import Locator, Page, expect

LOCATION = "babynames_dagster.definitions"
LINEAGE = "/asset-groups"
SECONDS = 30_000.0
"""How long to wait for anything on a page, in ms: long, for machines that have much else to do."""

_EDGE_TOLERANCE = 10.0
# Nodes are boxes in the drawing's coordinates; an edge runs from the right side of one to the left side of another.
_DRAWING = """
() => ({
  nodes: [...document.querySelectorAll("svg foreignObject")].map((box) => ({
    text: box.textContent,
    x: box.x.baseVal.value, y: box.y.baseVal.value,
    width: box.width.baseVal.value, height: box.height.baseVal.value,
  })),
  edges: [...document.querySelectorAll("svg path[marker-end]")].map((path) => {
    const start = path.getPointAtLength(0), end = path.getPointAtLength(path.getTotalLength());
    return {x1: start.x, y1: start.y, x2: end.x, y2: end.y};
  }),
})
"""


def open_page(page: Page, url: str, path: str, *, shows: str) -> None:
    """Open a page and wait until it shows a text.

    Args:
        page: The browser's page.
        url: The server's address.
        path: Where on the server.
        shows: A text that is only there when the page has loaded what matters.
    """
    page.goto(url + path)
    expect(page.get_by_text(shows, exact=True).first).to_be_visible(timeout=SECONDS)


def asset_page(asset: str, view: str, **more: str) -> str:
    """Return the path of an asset's tab: `overview`, `events`, `partitions`, `checks` or `lineage`."""
    return f"/assets/{asset}?" + "&".join(f"{key}={value}" for key, value in {"view": view, **more}.items())


def materialize_all(page: Page, url: str) -> None:
    """Press "Materialize all" on the lineage page, choose all partitions, and launch."""
    open_page(page, url, LINEAGE, shows="hubspot_contacts")
    page.get_by_role("button", name="Materialize all").click()
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Launch backfill").click()
    expect(page.get_by_role("button", name="Launch")).to_have_count(0, timeout=SECONDS)


def switch_sensor_on(page: Page, url: str, sensor: str) -> None:
    """Turn the switch on a sensor's page on."""
    open_page(page, url, f"/locations/{LOCATION}/sensors/{sensor}", shows="Running")
    switch = page.get_by_role("row", name="Running").get_by_role("checkbox")
    expect(switch).not_to_be_checked(timeout=SECONDS)
    switch.locator("xpath=..").click()
    expect(switch).to_be_checked(timeout=SECONDS)


def metadata_value(page: Page, key: str) -> Locator:
    """Return the cell beside a metadata key of an asset's event."""
    return page.get_by_role("row").filter(has=page.get_by_text(key, exact=True)).last.get_by_role("cell").nth(1)


def drawn_edges(page: Page, assets: set[str]) -> set[tuple[str, str]]:
    """Read the arrows off the lineage graph.

    Args:
        page: A page that shows the graph.
        assets: The assets to look for.

    Returns:
        (upstream, downstream) for each arrow.
    """
    drawing: dict[str, list[dict[str, Any]]] = page.evaluate(_DRAWING)
    boxes = {asset: box for box in drawing["nodes"] for asset in assets if asset in box["text"]}

    def at(x: float, y: float, side: float) -> str:
        """Say which box has the middle of its left (0) or right (1) side here."""
        for asset, box in boxes.items():
            away = abs(box["x"] + side * box["width"] - x) + abs(box["y"] + box["height"] / 2 - y)
            if away <= _EDGE_TOLERANCE:
                return asset
        return "nothing"

    return {(at(edge["x1"], edge["y1"], 1), at(edge["x2"], edge["y2"], 0)) for edge in drawing["edges"]}
