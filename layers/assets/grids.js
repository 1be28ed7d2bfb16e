// The grids of the level shown: one polygon a code, coloured by a figure, patched in place after edits.
"use strict";
GridGIS.part("grids", (map, options) => {
  const svg = L.svg({ pane: "grids", padding: 0.25 });
  const canvas = L.canvas({ pane: "grids", padding: 0.25 });
  const outlineRenderer = L.canvas({ pane: "parents", padding: 0.25 });
  const lineRenderer = L.canvas({ pane: "lines", padding: 0.25 });
  const byCode = new Map();
  const edges = new Map(); // the outline of each grid again, above the roads that run along it
  const listeners = new Set();
  let layer = null;
  let lines = null;
  let shown = { level: null, version: -1, url: null };
  let paint = { figure: null, breaks: [], colours: [], bands: null };
  const outlines = new Map();
  let selection = null;
  let loading = null;

  function colour(properties) {
    if (!paint.figure) return null;
    const value = paint.values ? paint.values[properties.code] || 0 : properties[paint.figure];
    if (value === null || value === undefined) return null;
    if (paint.categories) return paint.categories[value] || null;
    let k = 0;
    while (k < paint.breaks.length && value >= paint.breaks[k]) k += 1;
    return paint.colours[k];
  }

  // Lines grow with the zoom: hair-thin over the whole county, plain in a street.
  function at(range) {
    const f = Math.min(1, Math.max(0, (map.getZoom() - 10) / 4.5));
    return Array.isArray(range) ? range[0] + (range[1] - range[0]) * f : range;
  }

  function style(feature) {
    const fill = colour(feature.properties);
    return { stroke: false, fillColor: fill || options.plain, fillOpacity: fill ? at(options.fill) : options.plainFill };
  }

  function edgeStyle(more) {
    return { fill: false, color: options.stroke, weight: at(options.weight) + (more || 0), opacity: more ? 1 : at(options.opacity) };
  }

  function tooltip(l) {
    const p = l.feature.properties;
    const box = GridGIS.element("div", "tip");
    box.appendChild(GridGIS.element("b", null, p.name || p.code));
    if (p.name) box.appendChild(GridGIS.element("div", "tip-code", p.code));
    const list = GridGIS.element("dl");
    options.figures.forEach(([key, label, unit]) => {
      if (p[key] === undefined || p[key] === null) return;
      list.appendChild(GridGIS.element("dt", null, label));
      const text = key === "area_m2" ? GridGIS.area(p[key]) : `${GridGIS.number(p[key])} ${unit}`;
      list.appendChild(GridGIS.element("dd", null, text));
    });
    box.appendChild(list);
    return box;
  }

  function onEachFeature(feature, l) {
    byCode.set(feature.properties.code, l);
    l.bindTooltip(tooltip, { sticky: true, className: "grid-tip", opacity: 1, offset: [14, 0], direction: "auto" });
    l.on("click", (e) => notify("click", feature.properties.code, e));
    l.on("mouseover", (e) => {
      edges.get(feature.properties.code).setStyle(edgeStyle(1.6));
      notify("over", feature.properties.code, e);
    });
    l.on("mouseout", () => edges.has(feature.properties.code) && edges.get(feature.properties.code).setStyle(edgeStyle()));
  }

  function edgeLayer() {
    return L.geoJSON(null, {
      pane: "lines", renderer: lineRenderer, interactive: false, pmIgnore: true, snapIgnore: true, smoothFactor: 0.6,
      style: () => edgeStyle(), onEachFeature: (feature, l) => edges.set(feature.properties.code, l),
    });
  }

  function notify(kind, code, event) {
    listeners.forEach((listener) => listener(kind, code, event));
  }

  function fresh(collection) {
    const many = collection.features.length > options.canvasFrom;
    return L.geoJSON(null, {
      pane: "grids", renderer: many ? canvas : svg, style, onEachFeature, smoothFactor: 0.6,
    });
  }

  function replace(collection, level, url) {
    const old = [layer, lines];
    byCode.clear();
    edges.clear();
    layer = fresh(collection);
    lines = edgeLayer();
    [layer, lines].forEach((l) => l.addData(collection).addTo(map));
    old.forEach((l) => l && map.removeLayer(l));
    shown = { level, version: collection.version, url };
    changed();
  }

  function patch(step) {
    step.remove.forEach((code) => drop(code));
    step.add.features.forEach((f) => drop(f.properties.code));
    layer.addData(step.add);
    lines.addData(step.add);
    shown.version = step.to;
  }

  function drop(code) {
    const l = byCode.get(code);
    if (!l) return;
    layer.removeLayer(l);
    byCode.delete(code);
    lines.removeLayer(edges.get(code));
    edges.delete(code);
  }

  // Follow the patches from what is shown to what is wanted; false if the chain does not reach.
  function follow(grids) {
    if (!layer || shown.level !== grids.level) return false;
    if (shown.version === grids.version) return true;
    const chain = [];
    let version = shown.version;
    (grids.patches || []).forEach((step) => {
      if (step.from === version) {
        chain.push(step);
        version = step.to;
      }
    });
    if (version !== grids.version) return false;
    chain.forEach(patch);
    changed();
    return true;
  }

  function changed() {
    showSelection(GridGIS.message ? GridGIS.message.selected : []);
    GridGIS.labels.draw();
    GridGIS.hatch.draw();
    document.body.dataset.version = String(shown.version);
    document.body.dataset.level = shown.level;
    document.body.dataset.grids = String(byCode.size);
  }

  function showSelection(codes) {
    if (selection) map.removeLayer(selection);
    const found = (codes || []).map((c) => byCode.get(c)).filter(Boolean).map((l) => l.feature);
    selection = L.geoJSON({ type: "FeatureCollection", features: found }, {
      pane: "selection", interactive: false, pmIgnore: true, snapIgnore: true,
      style: { color: options.accent, weight: 3, opacity: 1, fillColor: options.accent, fillOpacity: 0.1 },
    }).addTo(map);
  }

  async function loadOutline(key, item) {
    const kept = outlines.get(key);
    if (kept && item && kept.url === item.url) return;
    const entry = { url: item ? item.url : null, level: item ? item.level : null, layer: null };
    outlines.set(key, entry);
    if (kept && !item && kept.layer) map.removeLayer(kept.layer);
    if (!item) return;
    const collection = await GridGIS.fetch(item.url);
    if (outlines.get(key) !== entry) return;
    entry.layer = L.geoJSON(collection, {
      pane: "parents", renderer: outlineRenderer, interactive: false, pmIgnore: true, snapIgnore: true,
      style: outlineStyle(key),
    }).addTo(map);
    entry.named = collection.features.map((f) => f.properties);
    if (kept && kept.layer) map.removeLayer(kept.layer);
    GridGIS.labels.draw();
  }

  function outlineStyle(key) {
    const o = options.outlines[key];
    return { fill: false, color: o.color, opacity: o.opacity, weight: at(o.weight) };
  }

  map.on("zoomend", () => {
    if (layer) layer.setStyle(style);
    if (lines) lines.setStyle(edgeStyle());
    outlines.forEach((entry, key) => entry.layer && entry.layer.setStyle(outlineStyle(key)));
  });

  function repaint(figure) {
    const text = JSON.stringify(figure || null);
    if (paint.text === text) return;
    paint = Object.assign({ text, figure: null, breaks: [], colours: [] }, figure || {});
    if (layer) layer.setStyle(style);
  }

  return {
    byCode,
    get layer() { return layer; },
    get level() { return shown.level; },
    // Names of the widest level, for far views of the finer ones.
    get top() {
      const entry = outlines.get("top");
      return entry && entry.named && entry.level !== shown.level ? entry.named : [];
    },
    listen(listener) { listeners.add(listener); },
    tooltips(on) {
      map.getContainer().classList.toggle("quiet", !on);
    },
    select: showSelection,
    async apply(message) {
      const grids = message.grids;
      // Under a heatmap the boundaries step back.
      map.getPane("lines").style.opacity = message.heat ? 0.3 : 1;
      map.getPane("parents").style.opacity = message.heat ? 0.5 : 1;
      repaint(message.figure);
      Object.keys(options.outlines).forEach((key) => loadOutline(key, (message.outlines || {})[key]));
      if (follow(grids)) {
        showSelection(message.selected);
        return;
      }
      if (loading === grids.url) return;
      loading = grids.url;
      document.body.classList.add("loading");
      try {
        const collection = await GridGIS.fetch(grids.url);
        if (loading === grids.url) replace(collection, grids.level, grids.url);
      } finally {
        if (loading === grids.url) loading = null;
        document.body.classList.remove("loading");
      }
    },
  };
});

// Labels only for grids in view that are large enough to carry them, largest first, none overlapping.
GridGIS.part("labels", (map, options) => {
  const group = L.layerGroup().addTo(map);
  let what = "code";
  let hidden = new Set();
  let taken = [];

  function width(text) {
    let w = 0;
    for (const ch of text) w += ch.codePointAt(0) > 0x2e7f ? 12 : 6.8;
    return w;
  }

  function candidates(p) {
    if (what === "name") return p.name ? [p.name, p.short].filter(Boolean) : [p.code];
    const code = p.code;
    if (map.getZoom() < options.shortFrom) return [code, code.slice(options.countyDigits)];
    return [code, code.slice(options.countyDigits), code.slice(-3)].filter((t, i, all) => t && all.indexOf(t) === i);
  }

  function draw() {
    group.clearLayers();
    const view = map.getBounds();
    const top = map.getZoom() <= options.topUntil ? GridGIS.grids.top : [];
    taken = [];
    top.forEach((p) => p.name && view.contains([p.at[1], p.at[0]]) && put([p.at[1], p.at[0]], p.name, taken, "label top"));
    GridGIS.names.later();
    if (what === "none") return;
    const metres = (40075016.686 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / Math.pow(2, map.getZoom() + 8);
    const found = [];
    GridGIS.grids.byCode.forEach((l) => {
      const at = hidden.has(l.feature.properties.code) ? null : l.feature.properties.at;
      if (at && at[2] / metres > 26 && view.contains([at[1], at[0]])) found.push({ l, at, room: at[2] / metres });
    });
    found.sort((a, b) => b.room - a.room);
    for (const { l, at, room } of found) {
      if (taken.length >= options.limit) break;
      const text = candidates(l.feature.properties).find((t) => width(t) + 8 < room);
      if (!text) continue;
      put([at[1], at[0]], text, taken, "label");
    }
  }

  // Place a label where no other lies.
  function put(latlng, text, taken, className) {
    const p = map.latLngToLayerPoint(latlng);
    const half = width(text) / 2 + 4;
    const rect = [p.x - half, p.y - 9, p.x + half, p.y + 9];
    if (taken.some((t) => t[0] < rect[2] && rect[0] < t[2] && t[1] < rect[3] && rect[1] < t[3])) return;
    taken.push(rect);
    const icon = L.divIcon({ className, html: GridGIS.element("span", null, text), iconSize: [0, 0] });
    L.marker(latlng, { icon, pane: "labels", interactive: false, keyboard: false, pmIgnore: true, snapIgnore: true }).addTo(group);
  }

  map.on("moveend", draw);
  return {
    draw,
    get taken() { return taken; },
    apply(message) {
      const covered = message.preview ? message.preview.before : [];
      if (message.labels === what && covered.join() === Array.from(hidden).join()) return;
      what = message.labels;
      hidden = new Set(covered);
      draw();
    },
  };
});
