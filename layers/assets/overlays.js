// What lies over the grids: the proposed boundaries, the place of a finding, the legend.
"use strict";
GridGIS.part("preview", (map, options) => {
  let shown = null;
  let early = false;
  let group = null;
  let flags = [];
  let shape = null;
  document.body.dataset.preview = "";

  // Push flags apart that would cover each other; the shift is in pixels, so it is done anew at every zoom.
  function spread() {
    const placed = flags.map((f) => ({ box: f.box, p: map.latLngToLayerPoint(f.at), w: f.box.offsetWidth, h: f.box.offsetHeight, dy: 0 }));
    placed.sort((a, b) => a.p.y - b.p.y);
    const size = shape ? map.latLngToLayerPoint(shape.getSouthEast()).subtract(map.latLngToLayerPoint(shape.getNorthWest())) : null;
    const beside = size && (size.x < 240 || size.y < 90 * placed.length);
    placed.forEach((f) => {
      const edge = beside ? map.latLngToLayerPoint(shape.getSouthEast()).x : f.p.x;
      f.box.style.marginLeft = beside ? `${Math.round(edge - f.p.x + f.w / 2 + 14)}px` : "0";
      f.p = L.point(beside ? edge : f.p.x, f.p.y);
    });
    placed.forEach((f, i) => {
      placed.slice(0, i).forEach((g) => {
        const close = Math.abs(f.p.x - g.p.x) < (f.w + g.w) / 2 + 4;
        const gap = f.p.y + f.dy - (g.p.y + g.dy);
        if (close && gap < f.h + 5) f.dy += f.h + 5 - gap;
      });
    });
    const mean = placed.reduce((sum, f) => sum + f.dy, 0) / (placed.length || 1);
    placed.forEach((f) => { f.box.style.marginTop = `${Math.round(f.dy - mean)}px`; });
  }

  map.on("zoomend", spread);

  function label(feature, colour) {
    const box = GridGIS.element("div", "flag");
    box.style.setProperty("--flag", colour);
    box.appendChild(GridGIS.element("b", null, feature.properties.code));
    box.appendChild(GridGIS.element("span", null, feature.properties.words));
    const [lng, lat] = feature.properties.at;
    flags.push({ box, at: [lat, lng] });
    return L.divIcon({ className: "flag-anchor", html: box, iconSize: [0, 0] });
  }

  function draw(preview) {
    group = L.layerGroup().addTo(map);
    flags = [];
    shape = L.geoJSON(preview.after).getBounds();
    preview.after.features.forEach((feature, i) => {
      const colour = options.colours[i % options.colours.length];
      L.geoJSON(feature, {
        pane: "preview", interactive: false, pmIgnore: true, snapIgnore: true,
        style: { color: colour, weight: 3, fillColor: colour, fillOpacity: 0.3 },
      }).addTo(group);
      const at = feature.properties.at;
      const marker = L.marker([at[1], at[0]], { icon: label(feature, colour), pane: "flags", interactive: false, keyboard: false, pmIgnore: true });
      marker.addTo(group);
    });
    spread();
  }

  function show(preview, key) {
    if (key === shown) return;
    shown = key;
    if (group) map.removeLayer(group);
    group = null;
    document.body.dataset.preview = key === null ? "" : String(preview.after.features.length);
    map.getContainer().classList.toggle("proposing", Boolean(preview));
    if (preview) draw(preview);
  }

  return {
    // What a finished gesture would do stands on the map before the page beside it has caught up.
    early(preview) {
      early = Boolean(preview);
      show(preview, preview ? preview.key : null);
    },
    // The page's own answer has the last word: the same picture stays as it stands, another takes its place.
    apply(message) {
      if (early && !GridGIS.tools.answered(message)) return;
      early = false;
      show(message.preview, message.preview ? message.preview.key : null);
    },
  };
});

GridGIS.part("focus", (map, options) => {
  let shown = null;
  let layer = null;
  document.body.dataset.focus = "";
  return {
    apply(message) {
      const key = message.focus ? message.focus.key : null;
      if (key === shown) return;
      shown = key;
      if (layer) map.removeLayer(layer);
      layer = null;
      document.body.dataset.focus = key === null ? "" : String(key);
      if (!message.focus) return;
      if (message.focus.shape) layer = L.geoJSON(message.focus.shape, {
        pane: "preview", interactive: false, pmIgnore: true, snapIgnore: true,
        style: message.focus.hollow ? Object.assign({}, options.style, { fill: false, dashArray: "7 5" }) : options.style,
        pointToLayer: (f, p) => L.circleMarker(p, Object.assign({ radius: 9 }, options.style)),
      }).addTo(map);
      if (!message.focus.bounds) return;
      const [west, south, east, north] = message.focus.bounds;
      // Coming back to a page must not take the view back to a place looked at before.
      if (sessionStorage.getItem("gridgis:focus") === String(key)) return;
      sessionStorage.setItem("gridgis:focus", String(key));
      map.fitBounds([[south, west], [north, east]], { padding: [70, 70], maxZoom: options.maxZoom });
    },
  };
});

// A proposal laid over the grids: looked at, compared, or drawn along; it takes no clicks.
GridGIS.part("proposal", (map, options) => {
  let shown = null;
  let layer = null;
  document.body.dataset.trace = "";
  return {
    apply(message) {
      const trace = message.proposal || null;
      const key = trace ? trace.key : null;
      if (key === shown) return;
      shown = key;
      if (layer) map.removeLayer(layer);
      layer = null;
      document.body.dataset.trace = key === null ? "" : String(key);
      if (!trace) return;
      layer = L.geoJSON(trace.shape, {
        pane: "preview", interactive: false, pmIgnore: true, snapIgnore: true,
        style: (f) => f.properties.fill ? Object.assign({}, options.style, { fillColor: f.properties.fill }) : options.line,
      }).addTo(map);
      if (!trace.bounds || sessionStorage.getItem("gridgis:trace") === String(trace.place)) return;
      sessionStorage.setItem("gridgis:trace", String(trace.place));
      const [west, south, east, north] = trace.bounds;
      map.fitBounds([[south, west], [north, east]], { padding: [30, 30], maxZoom: options.maxZoom });
    },
  };
});

// Where colleagues are at work: a thin broken outline, and a name that lets the mouse through.
GridGIS.part("present", (map, options) => {
  let shown = null;
  let group = null;
  return {
    apply(message) {
      const found = (message.present || []).map((p) => [p, GridGIS.grids.byCode.get(p.code)]).filter(([, l]) => l);
      const key = JSON.stringify(found.map(([p]) => [p.code, p.who, message.grids.version]));
      if (key === shown) return;
      shown = key;
      if (group) map.removeLayer(group);
      group = L.layerGroup().addTo(map);
      document.body.dataset.present = String(found.length);
      found.forEach(([p, l]) => {
        L.geoJSON(l.feature, {
          pane: "selection", interactive: false, pmIgnore: true, snapIgnore: true,
          style: { color: options.colour, weight: 2, dashArray: [5, 5], fill: false },
        }).addTo(group);
        const [lng, lat] = l.feature.properties.at;
        const icon = L.divIcon({ className: "present", html: GridGIS.element("span", null, p.who), iconSize: [0, 0] });
        L.marker([lat, lng], { icon, pane: "flags", interactive: false, keyboard: false, pmIgnore: true, snapIgnore: true }).addTo(group);
      });
    },
  };
});

GridGIS.part("legend", (map) => {
  const box = GridGIS.element("div", "legend");
  map.getContainer().appendChild(box);
  // On a phone the map comes first: the legend shows its title until it is asked for.
  box.classList.toggle("folded", window.innerWidth <= 430);
  box.addEventListener("click", (e) => { if (e.target === box.firstElementChild) box.classList.toggle("folded"); });
  L.DomEvent.disableClickPropagation(box);
  L.DomEvent.disableScrollPropagation(box);

  function row(colour, text) {
    const line = GridGIS.element("div", "legend-row");
    const swatch = GridGIS.element("i");
    if (colour === "hatch") swatch.className = "hatched";
    else if (colour.startsWith("dash:")) {
      swatch.className = "dashed";
      swatch.style.borderTopColor = colour.slice(5);
    } else swatch.style.background = colour;
    line.appendChild(swatch);
    // A count after a dot stands in a column of its own; the dot stays for those who listen.
    const [, name, count] = /^(.*) · ([\d,]+)$/.exec(text) || [null, text, null];
    line.appendChild(GridGIS.element("span", null, name));
    if (count !== null) {
      line.appendChild(GridGIS.element("small", null, " · "));
      line.appendChild(GridGIS.element("em", null, count));
    }
    return line;
  }

  function ramp(item) {
    const line = GridGIS.element("div", "legend-ramp");
    const strip = GridGIS.element("i");
    strip.style.background = `linear-gradient(90deg, ${item.colours.join(",")})`;
    line.appendChild(strip);
    const ends = GridGIS.element("div", "legend-ends");
    ends.appendChild(GridGIS.element("span", null, item.low));
    ends.appendChild(GridGIS.element("span", null, item.high));
    line.appendChild(ends);
    return line;
  }

  let given = [];
  const extra = new Map();

  function fill() {
    const blocks = [...given, ...extra.values()];
    box.replaceChildren();
    box.classList.toggle("on", blocks.length > 0);
    blocks.forEach((block) => {
      box.appendChild(GridGIS.element("b", null, block.title));
      (block.rows || []).forEach(([colour, text]) => box.appendChild(row(colour, text)));
      if (block.ramp) box.appendChild(ramp(block.ramp));
      if (block.note) box.appendChild(GridGIS.element("div", "legend-note", block.note));
    });
  }

  return {
    // What is laid over the map brings a block of its own.
    more(key, block) {
      if (block) extra.set(key, block);
      else extra.delete(key);
      fill();
    },
    apply(message) {
      given = message.legend || [];
      fill();
    },
  };
});
