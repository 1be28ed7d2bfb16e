// Handles on the boundary of one grid: a dot a vertex, a ring a junction, a small dot the middle of an edge.
"use strict";
GridGIS.part("vertices", (map, options) => {
  const group = L.layerGroup();
  const ghosts = L.layerGroup();
  const LIMIT = 220;
  let code = null;
  document.body.dataset.handles = "";

  const same = (a, b) => Math.abs(a.lat - b.lat) < 5e-8 && Math.abs(a.lng - b.lng) < 5e-8;

  function rings(layer) {
    const out = [];
    (function walk(list) {
      if (list.length && list[0].lat !== undefined) out.push(list);
      else list.forEach(walk);
    })(layer.getLatLngs());
    return out;
  }

  // Every ring of every grid near the view that owns a point, with its neighbours on the ring.
  function owners(point) {
    const found = [];
    GridGIS.grids.byCode.forEach((l, owner) => {
      if (!l.getBounds().pad(0.01).contains(point)) return;
      rings(l).forEach((ring) => {
        ring.forEach((p, i) => {
          if (same(p, point)) found.push({ code: owner, before: ring[(i + ring.length - 1) % ring.length], after: ring[(i + 1) % ring.length] });
        });
      });
    });
    return found;
  }

  function handle(point, kind, ends) {
    const icon = L.divIcon({ className: `handle ${kind}`, iconSize: kind === "mid" ? [9, 9] : kind === "joint" ? [15, 15] : [12, 12] });
    const m = L.marker(point, { icon, draggable: true, keyboard: false, pane: "flags", pmIgnore: true, snapIgnore: true, autoPan: false });
    const from = L.latLng(point.lat, point.lng);
    const spokes = ends || owners(from).flatMap((o) => [o.before, o.after]);
    m.on("drag", () => {
      const here = near(m.getLatLng(), from);
      ghosts.clearLayers();
      spokes.forEach((end) => L.polyline([end, here], {
        pane: "preview", color: options.accent, weight: 2.5, dashArray: "6 5", interactive: false, pmIgnore: true, snapIgnore: true,
      }).addTo(ghosts));
      GridGIS.live.soon(() => GridGIS.tools.gesture("vertex", moved(kind, from, here)));
    });
    m.on("dragend", () => GridGIS.tools.dragged(moved(kind, from, near(m.getLatLng(), from))));
    m.on("contextmenu", (e) => {
      L.DomEvent.stop(e.originalEvent);
      if (kind !== "mid") GridGIS.tools.dragged({ op: "delete", at: [from.lng, from.lat] });
    });
    return m.addTo(group);
  }

  function moved(kind, from, to) {
    return { op: kind === "mid" ? "insert" : "move", at: [from.lng, from.lat], to: [to.lng, to.lat] };
  }

  // A dragged dot goes to a line of the e-map that lies beside it.
  function near(latlng) {
    const p = map.latLngToLayerPoint(latlng);
    let best = null;
    GridGIS.grids.byCode.forEach((l, owner) => {
      if (owner === code || !l.getBounds().contains(latlng)) return;
      rings(l).forEach((ring) => ring.forEach((q) => {
        const gap = map.latLngToLayerPoint(q).distanceTo(p);
        if (gap < 1 && (!best || gap < best.gap)) best = { gap, q };
      }));
    });
    return best ? best.q : latlng;
  }

  function draw() {
    group.clearLayers();
    ghosts.clearLayers();
    document.body.dataset.handles = "";
    const layer = code && GridGIS.grids.byCode.get(code);
    if (!layer) return;
    const view = map.getBounds();
    const points = [];
    rings(layer).forEach((ring) => ring.forEach((p, i) => view.contains(p) && points.push([p, ring[(i + 1) % ring.length]])));
    document.body.dataset.handles = points.length > LIMIT ? "many" : String(points.length);
    if (points.length > LIMIT) return;
    points.forEach(([p, next]) => {
      const among = new Set(owners(p).map((o) => o.code)).size;
      handle(p, among > 2 ? "joint" : "vertex");
      const gap = map.latLngToLayerPoint(p).distanceTo(map.latLngToLayerPoint(next));
      if (gap > 34) handle(L.latLng((p.lat + next.lat) / 2, (p.lng + next.lng) / 2), "mid", [p, next]);
    });
  }

  map.on("moveend", () => code && (draw(), GridGIS.tools.refresh()));

  return {
    get code() { return code; },
    get many() { return document.body.dataset.handles === "many"; },
    show(wanted) {
      code = wanted;
      group.addTo(map);
      ghosts.addTo(map);
      draw();
    },
    redraw: draw,
    hide() {
      code = null;
      draw();
    },
  };
});
