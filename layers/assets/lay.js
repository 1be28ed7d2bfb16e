// What lies on and under the grids: which layers show and how strongly, the base from elsewhere, the view as an address.
"use strict";
GridGIS.part("lay", (map, options) => {
  const W = GridGIS.words;
  const el = GridGIS.element;
  const KEY = `${GridGIS.options.viewKey}:layers`;
  const PANES = { base: ["base", "network"], names: ["names"], buildings: ["buildings"], grids: ["grids"], lines: ["lines", "parents"], labels: ["labels"] };
  const first = Object.assign({}, ...Object.keys(PANES).map((k) => ({ [k]: 1 })), { tiles: 1 });
  const shown = Object.assign({}, first, kept());
  const listeners = new Set();
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
    GridGIS.extras.offered.forEach(({ key }) => GridGIS.extras.set(key, shown[key] || 0));
    try {
      sessionStorage.setItem(KEY, JSON.stringify(shown));
    } catch (error) {
      // Without storage the choice lasts as long as the page.
    }
    document.body.dataset.layers = Object.keys(shown).filter((k) => shown[k]).join(" ");
    listeners.forEach((listener) => listener());
  }

  function row(name, title) {
    const line = el("label", "lay-row");
    const tick = el("input");
    tick.type = "checkbox";
    tick.checked = shown[name] > 0;
    tick.name = name;
    const range = el("input");
    Object.assign(range, { type: "range", min: 10, max: 100, step: 10, value: 100 * (shown[name] || 1) });
    range.setAttribute("aria-label", `${title} · ${W.lay_opacity}`);
    const change = () => {
      const was = shown[name] > 0;
      shown[name] = tick.checked ? range.value / 100 : 0;
      dress();
      if (was !== tick.checked) fill();
    };
    tick.addEventListener("change", change);
    range.addEventListener("input", change);
    const text = el("span", null, title);
    text.title = title;
    line.append(tick, text, range);
    return line;
  }

  // What can be chosen within a layer that is on: kinds of places, the version of the plan.
  function within(item) {
    const state = GridGIS.extras.state(item.key);
    if (state) return el("div", "lay-note", W[`lay_${state}`]);
    if (item.kinds) {
      const on = new Set(GridGIS.extras.choice.kinds || item.kinds.filter((k) => k.on).map((k) => k.key));
      const chips = el("div", "lay-chips");
      item.kinds.forEach((kind) => {
        const chip = el("button", null, kind.name);
        chip.type = "button";
        chip.style.setProperty("--kind", kind.colour);
        chip.setAttribute("aria-pressed", String(on.has(kind.key)));
        chip.addEventListener("click", () => {
          if (on.has(kind.key)) on.delete(kind.key);
          else on.add(kind.key);
          GridGIS.extras.choose({ kinds: Array.from(on) });
        });
        chips.appendChild(chip);
      });
      return chips;
    }
    return item.versions ? versions(item) : null;
  }

  // Which earlier version: found by what its log says, the newest first.
  let sought = "";
  let found = null; // {url, text, versions, note}
  function versions(item) {
    const [newest] = item.versions;
    const group = el("div", "lay-versions");
    const input = el("input");
    Object.assign(input, { type: "search", placeholder: W.lay_version, value: sought, name: "version", autocomplete: "off" });
    input.setAttribute("aria-label", W.lay_version);
    input.addEventListener("input", () => {
      sought = input.value;
      look(item);
    });
    const list = el("div", "lay-list");
    const now = GridGIS.extras.choice.version || newest;
    const mine = found && found.url === item.url ? found : null;
    (mine ? mine.versions : []).forEach((v) => {
      const one = el("button");
      one.type = "button";
      one.setAttribute("aria-pressed", String(v.v === now));
      one.append(el("b", null, v.v), el("span", null, v.what), el("small", null, [v.when, v.by].filter(Boolean).join(" · ")));
      if (v.why) one.appendChild(el("small", null, v.why));
      if (v.label) one.appendChild(el("em", null, v.label));
      one.addEventListener("click", () => GridGIS.extras.choose({ version: v.v }));
      list.appendChild(one);
    });
    group.append(input, list);
    if (mine && mine.note) group.appendChild(el("div", "lay-note", mine.note));
    if (!mine) look(item);
    return group;
  }

  let waiting = 0;
  function look(item) {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const text = sought;
      const answer = await GridGIS.fetch(`${item.url}?find=${encodeURIComponent(text)}`).catch(() => ({ versions: [], note: W.lay_failed }));
      if (text !== sought) return;
      found = Object.assign({ url: item.url }, answer);
      fill();
    }, found ? 200 : 0);
  }

  function fill() {
    if (!box.classList.contains("on")) return;
    const down = (box.querySelector(".lay-list") || { scrollTop: 0 }).scrollTop;
    const at = document.activeElement && box.contains(document.activeElement) ? document.activeElement.name : null;
    box.replaceChildren(el("b", null, W.lay_title));
    Object.keys(PANES).forEach((name) => box.appendChild(row(name, W[`lay_${name}`])));
    if (tiles.length) box.appendChild(row("tiles", W.lay_tiles));
    if (GridGIS.extras.offered.length) box.appendChild(el("b", null, W.lay_over));
    GridGIS.extras.offered.forEach((item) => {
      box.appendChild(row(item.key, item.title));
      const more = shown[item.key] ? within(item) : null;
      if (more) box.appendChild(more);
    });
    if (GridGIS.message && GridGIS.message.address) box.appendChild(deeds());
    const back = at ? Array.from(box.querySelectorAll("input")).find((i) => i.name === at) : null;
    if (back) back.focus();
    if (back && back.type === "search") back.setSelectionRange(back.value.length, back.value.length);
    const list = box.querySelector(".lay-list");
    if (list) list.scrollTop = down;
  }

  function deeds() {
    const line = el("div", "lay-deeds");
    [["lay_open_file", () => GridGIS.emit("overlay", {})], ["lay_compare", () => GridGIS.emit("compare", {})],
      ["lay_link", () => GridGIS.link.copy()], ["lay_print", () => GridGIS.paper.print()]].forEach(([word, deed]) => {
      const one = el("button", null, W[word]);
      one.type = "button";
      one.dataset.deed = word;
      one.addEventListener("click", deed);
      line.appendChild(one);
    });
    return line;
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
    first.base = 0;
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
  // A base that cannot be used is said on the map, which does without it.
  if (options.base.note) map.getContainer().appendChild(el("div", "datum-note", options.base.note));
  GridGIS.extras.listen(() => {
    fill();
    listeners.forEach((listener) => listener());
  });
  ground();
  dress();
  return {
    toggle,
    listen(listener) { listeners.add(listener); },
    // Other layers are on offer: those that were on come back.
    offer() {
      dress();
      fill();
    },
    // What is not as it is at first, as text for an address.
    get text() {
      // A file is open in this session alone.
      return Object.keys(shown).filter((k) => shown[k] !== (first[k] || 0) && !k.startsWith("file:"))
        .map((k) => (shown[k] === 1 ? k : `${k}:${Math.round(shown[k] * 100)}`)).join(",");
    },
    take(layers) {
      Object.keys(shown).forEach((k) => { shown[k] = first[k] || 0; });
      Object.assign(shown, layers);
      dress();
      fill();
    },
  };
});
