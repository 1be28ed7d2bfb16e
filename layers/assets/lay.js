// What lies on and under the grids: which layers show and how strongly, the base from elsewhere, the view as an address.
"use strict";
GridGIS.part("lay", (map, options) => {
  const W = GridGIS.words;
  const el = GridGIS.element;
  const KEY = `${GridGIS.options.viewKey}:layers`;
  const PANES = { base: ["base", "network"], names: ["names"], buildings: ["buildings"], grids: ["grids"], lines: ["lines", "parents"], labels: ["labels"] };
  const shown = Object.assign({}, ...Object.keys(PANES).map((k) => ({ [k]: 1 })), { tiles: 1 }, kept());
  const box = el("div", "lay");
  const button = el("button", "lay-button");
  let tiles = [];
  let tilesUrl = null;

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY)) || {};
    } catch (error) {
      return {};
    }
  }

  function dress() {
    Object.entries(PANES).forEach(([name, panes]) => panes.forEach((p) => {
      const pane = map.getPane(p);
      // Opacity of its own; a heatmap dims the same panes through `opacity`.
      pane.style.filter = shown[name] >= 1 ? "" : `opacity(${shown[name]})`;
      pane.style.visibility = shown[name] ? "" : "hidden";
    }));
    tiles.forEach((layer) => layer.setOpacity(shown.tiles));
    try {
      sessionStorage.setItem(KEY, JSON.stringify(shown));
    } catch (error) {
      // Without storage the choice lasts as long as the page.
    }
    document.body.dataset.layers = Object.keys(shown).filter((k) => shown[k]).join(" ");
  }

  function row(name) {
    const line = el("label", "lay-row");
    const tick = el("input");
    tick.type = "checkbox";
    tick.checked = shown[name] > 0;
    const range = el("input");
    Object.assign(range, { type: "range", min: 10, max: 100, step: 10, value: 100 * (shown[name] || 1) });
    range.setAttribute("aria-label", `${W[`lay_${name}`]} · ${W.lay_opacity}`);
    const change = () => {
      shown[name] = tick.checked ? range.value / 100 : 0;
      dress();
    };
    tick.addEventListener("change", change);
    range.addEventListener("input", change);
    line.append(tick, el("span", null, W[`lay_${name}`]), range);
    return line;
  }

  function fill() {
    box.replaceChildren(el("b", null, W.lay_title));
    Object.keys(PANES).forEach((name) => box.appendChild(row(name)));
    if (tiles.length) box.appendChild(row("tiles"));
    if (options.base.note) box.appendChild(el("div", "lay-note", options.base.note));
  }

  // A base of the county's own choosing, through an address of this host; one that lies shifted is met by shifting it back.
  function ground() {
    if (!options.base || !options.base.url || tilesUrl) return;
    tilesUrl = options.base.url;
    if (options.base.vector) {
      // Areas lie under the grids, lines over their colours, as ours do.
      const areas = options.strokes.filter((stroke) => stroke.style.fill !== false);
      const lines = options.strokes.filter((stroke) => stroke.style.fill === false);
      tiles = [["tilePane", areas], ["groundlines", lines]].map(([pane, strokes]) => GridGIS.vectorTiles(tilesUrl, { pane, strokes, maxZoom: 20 }));
      GridGIS.names.follow(tiles[1]);
    } else {
      tiles = [L.tileLayer(tilesUrl, { pane: "tilePane", maxNativeZoom: options.base.zoom || 18, maxZoom: 20, attribution: "" })];
    }
    tiles.forEach((layer) => layer.addTo(map));
    // Land of ours would hide it, and its roads stand for ours until they are asked for.
    map.getPane("base").style.display = "none";
    if (kept().base === undefined) shown.base = 0;
    if (options.base.shift) shift();
  }

  // GCJ-02 tiles differ from the ground by some hundred metres that hardly change within a county: the tiles move, not the data.
  function shift() {
    const [dlng, dlat] = options.base.shift;
    const place = () => {
      const c = map.getCenter();
      const a = map.latLngToLayerPoint(c);
      const b = map.latLngToLayerPoint([c.lat + dlat, c.lng + dlng]);
      ["tilePane", "groundlines"].forEach((p) => { map.getPane(p).style.transform = `translate(${a.x - b.x}px, ${a.y - b.y}px)`; });
      tiles.forEach((layer) => { layer.offset = L.point(a.x - b.x, a.y - b.y); });
    };
    map.on("zoomend moveend", place);
    place();
    const note = el("div", "datum-note", W.lay_gcj02);
    map.getContainer().appendChild(note);
  }

  button.type = "button";
  button.textContent = W.lay_title;
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", toggle);
  map.getContainer().append(button, box);
  [button, box].forEach((node) => {
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
  });

  function toggle() {
    const on = box.classList.toggle("on");
    button.setAttribute("aria-expanded", String(on));
    if (on) fill();
  }

  GridGIS.tools.letters.g = toggle;
  ground();
  dress();
  return { toggle };
});
