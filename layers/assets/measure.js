// Where the cursor is, in degrees and in the county's own metres; how long a line is; the whole screen; paper.
"use strict";
GridGIS.part("measure", (map, options) => {
  const W = GridGIS.words;
  const el = GridGIS.element;
  const readout = el("div", "readout");
  const group = L.layerGroup().addTo(map);
  let points = null;
  map.getContainer().appendChild(readout);
  L.DomEvent.disableClickPropagation(readout);

  // Transverse Mercator on the ellipsoid of CGCS2000 (Krüger's series to the third order: below a millimetre in a zone).
  const A = 6378137;
  const F = 1 / 298.257222101;
  const N = F / (2 - F);
  const RADIUS = (A / (1 + N)) * (1 + (N * N) / 4 + (N * N * N * N) / 64);
  const ALPHA = [
    N / 2 - (2 / 3) * N * N + (5 / 16) * N ** 3, (13 / 48) * N * N - (3 / 5) * N ** 3, (61 / 240) * N ** 3,
  ];

  function plane(latlng) {
    const phi = (latlng.lat * Math.PI) / 180;
    const lam = ((latlng.lng - options.meridian) * Math.PI) / 180;
    const e = Math.sqrt(F * (2 - F));
    const t = Math.sinh(Math.atanh(Math.sin(phi)) - e * Math.atanh(e * Math.sin(phi)));
    const xi = Math.atan2(t, Math.cos(lam));
    const eta = Math.atanh(Math.sin(lam) / Math.sqrt(1 + t * t));
    let [x, y] = [xi, eta];
    ALPHA.forEach((a, i) => {
      const k = 2 * (i + 1);
      x += a * Math.sin(k * xi) * Math.cosh(k * eta);
      y += a * Math.cos(k * xi) * Math.sinh(k * eta);
    });
    return [options.easting + RADIUS * y, RADIUS * x];
  }

  function length() {
    let metres = 0;
    points.forEach((p, i) => {
      if (!i) return;
      const [a, b] = [plane(points[i - 1]), plane(p)];
      metres += Math.hypot(b[0] - a[0], b[1] - a[1]);
    });
    return metres;
  }

  function tell(latlng) {
    const [x, y] = plane(latlng);
    const place = `${latlng.lng.toFixed(5)}, ${latlng.lat.toFixed(5)}　CGCS2000 ${options.meridian}° X ${y.toFixed(1)}  Y ${x.toFixed(1)}`;
    readout.textContent = points ? `${W.lay_measure} ${GridGIS.number(length(), 1)} m　${place}` : place;
    document.body.dataset.measured = points ? length().toFixed(1) : "";
  }

  function draw() {
    group.clearLayers();
    if (points && points.length) {
      L.polyline(points, { pane: "preview", color: "#7a3fa0", weight: 2.5, dashArray: "7 5", interactive: false, pmIgnore: true, snapIgnore: true }).addTo(group);
    }
  }

  function toggle() {
    points = points ? null : [];
    map.getContainer().classList.toggle("measuring", Boolean(points));
    draw();
    tell(map.getCenter());
  }

  map.getContainer().addEventListener("click", (e) => {
    if (!points || e.target.closest(".toolbar, .hint, .lay, .lay-button, .leaflet-control")) return;
    L.DomEvent.stop(e);
    points.push(map.mouseEventToLatLng(e));
    draw();
    tell(points[points.length - 1]);
  }, true);
  map.on("mousemove", (e) => tell(e.latlng));

  function full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (document.documentElement.requestFullscreen) document.documentElement.requestFullscreen().catch(() => {});
  }

  Object.assign(GridGIS.tools.letters, { m: toggle, f: full, p: () => GridGIS.paper.print() });
  return { plane, toggle };
});
