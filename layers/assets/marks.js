// Findings on the map: what is wrong is told under the mouse, and a click picks it in the table.
"use strict";
GridGIS.part("marks", (map, options) => {
  const SMALL = 16; // pixels below which a place shows as a dot
  let url = null;
  let places = [];
  let wanted = null;
  let picked = null;
  document.body.dataset.marks = "";

  function words(told, more) {
    const box = GridGIS.element("div", "mark-words");
    told.forEach(([rule, code, text]) => {
      const head = GridGIS.element("b", null, rule);
      if (code) head.appendChild(GridGIS.element("small", null, code));
      box.append(head, GridGIS.element("div", null, text));
    });
    if (more) box.appendChild(GridGIS.element("em", null, more));
    return box;
  }

  function place(feature) {
    const { of, s, told, more } = feature.properties;
    const look = options.looks[s];
    const dot = (at) => L.circleMarker(at, Object.assign({ pane: "marks", pmIgnore: true, snapIgnore: true }, look, { radius: 6, fillOpacity: 0.9 }));
    const shape = L.geoJSON(feature, { pane: "marks", pmIgnore: true, snapIgnore: true, style: look, pointToLayer: (f, at) => dot(at) });
    const found = { of, shape, bounds: shape.getBounds(), point: feature.geometry.type === "Point", dot: null, on: null };
    found.dot = dot(found.bounds.getCenter());
    [shape, found.dot].forEach((layer) => {
      layer.bindTooltip(() => words(told.filter((t) => !wanted || wanted.has(t[3])), more), { sticky: true, className: "grid-tip mark-tip", opacity: 1, direction: "auto", offset: [14, 0] });
      layer.on("click", (e) => {
        L.DomEvent.stop(e);
        const open = of.filter((k) => !wanted || wanted.has(k));
        // Where several lie in one place, each click goes to the next.
        GridGIS.emit("finding", { at: open[(open.indexOf(picked) + 1) % open.length] });
      });
    });
    return found;
  }

  function draw() {
    let shown = 0;
    places.forEach((p) => {
      const open = p.of.some((k) => !wanted || wanted.has(k));
      const a = map.latLngToLayerPoint(p.bounds.getNorthWest());
      const b = map.latLngToLayerPoint(p.bounds.getSouthEast());
      const next = !open ? null : !p.point && Math.max(b.x - a.x, b.y - a.y) < SMALL ? p.dot : p.shape;
      if (open) shown += 1;
      if (next === p.on) return;
      if (p.on) map.removeLayer(p.on);
      p.on = next;
      if (next) next.addTo(map);
    });
    document.body.dataset.marks = url === null ? "" : String(shown);
  }

  function clear() {
    places.forEach((p) => p.on && map.removeLayer(p.on));
    places = [];
  }

  map.on("zoomend", draw);
  return {
    // Where a finding lies on the map, latitude first.
    at(k) {
      const found = places.find((p) => p.of.includes(k));
      return found ? [found.bounds.getCenter().lat, found.bounds.getCenter().lng] : null;
    },
    async apply(message) {
      const marks = message.marks || null;
      wanted = marks && marks.shown ? new Set(marks.shown) : null;
      picked = marks ? marks.picked : null;
      if (marks && marks.url === url) return draw();
      url = marks ? marks.url : null;
      clear();
      if (!marks) return draw();
      const mine = url;
      const found = await GridGIS.fetch(mine).catch(() => null);
      if (mine !== url) return;
      if (!found) url = null;
      else places = found.features.map(place);
      draw();
    },
  };
});
