// Names of the base map where there is room: along roads and rivers, beside places; none over another or over a grid's label.
"use strict";
GridGIS.part("names", (map, options) => {
  const canvas = L.DomUtil.create("canvas", "names", map.getPane("names"));
  const ctx = canvas.getContext("2d");
  const PAD = 0.15;
  const HAN = /[\u2e80-\u9fff]/;
  const sources = new Set();
  let timer = null;
  document.body.dataset.names = "0";

  function later() {
    clearTimeout(timer);
    timer = setTimeout(draw, 140);
  }

  function free(boxes, taken) {
    return boxes.every(([x0, y0, x1, y1]) => taken.every((t) => t[2] < x0 || x1 < t[0] || t[3] < y0 || y1 < t[1]));
  }

  // The straightest stretch of a line that is as long as the name: its middle and direction, or null.
  function stretch(line, at, wide) {
    let best = null;
    let from = 0;
    let length = 0;
    const step = (i) => Math.hypot(line[i] - line[i - 2], line[i + 1] - line[i - 1]);
    for (let to = 2; to < line.length; to += 2) {
      length += step(to);
      while (length - step(from + 2) >= wide) {
        length -= step(from + 2);
        from += 2;
      }
      const chord = Math.hypot(line[to] - line[from], line[to + 1] - line[from + 1]);
      if (length >= wide && chord / length > 0.985 && (!best || chord > best.chord)) best = { chord, from, to };
    }
    if (!best) return null;
    const [ax, ay, bx, by] = [line[best.from], line[best.from + 1], line[best.to], line[best.to + 1]];
    return { x: at.x + (ax + bx) / 2, y: at.y + (ay + by) / 2, angle: Math.atan2(by - ay, bx - ax) };
  }

  function letters(text, angle) {
    // Steep Chinese names stand upright, one character below the other.
    let turn = angle;
    if (turn > Math.PI / 2) turn -= Math.PI;
    if (turn <= -Math.PI / 2) turn += Math.PI;
    const upright = HAN.test(text) && Math.abs(turn) > Math.PI / 4;
    if (upright && turn < 0) turn += Math.PI;
    return { turn, upright };
  }

  function put(text, spot, style, taken) {
    const wide = ctx.measureText(text).width;
    const { turn, upright } = letters(text, spot.angle);
    const [dx, dy] = [Math.cos(turn), Math.sin(turn)];
    const glyphs = upright ? Array.from(text) : [text];
    const pitch = upright ? wide / glyphs.length + 1 : 0;
    const n = Math.max(1, Math.ceil(wide / 14));
    const boxes = Array.from({ length: n }, (_, i) => {
      const s = ((i + 0.5) / n - 0.5) * (upright ? pitch * glyphs.length : wide);
      return [spot.x + dx * s - 9, spot.y + dy * s - 9, spot.x + dx * s + 9, spot.y + dy * s + 9];
    });
    if (!free(boxes, taken)) return false;
    taken.push(...boxes);
    ctx.fillStyle = style.color;
    glyphs.forEach((glyph, i) => {
      const s = (i - (glyphs.length - 1) / 2) * pitch;
      ctx.save();
      ctx.translate(spot.x + dx * s, spot.y + dy * s);
      ctx.rotate(upright ? turn - Math.PI / 2 : turn);
      ctx.strokeText(glyph, 0, 0);
      ctx.fillText(glyph, 0, 0);
      ctx.restore();
    });
    return true;
  }

  function candidates() {
    const scale = map.getZoomScale(map.getZoom(), Math.round(map.getZoom()));
    const out = [];
    sources.forEach((layer) => layer.each((coords, features) => {
      if (coords.z !== Math.round(map.getZoom())) return;
      // The tile's corner and size among the points of the layers, at a zoom that need not be whole.
      const corner = L.point(coords.x, coords.y).multiplyBy(GridGIS.tileSide * scale).subtract(map.getPixelOrigin()).add(layer.offset || [0, 0]);
      features.forEach((f) => f.name && options.styles[f.kind] && out.push({ f, corner }));
    }));
    return { out, scale };
  }

  function spotOf(f, corner, scale, wide) {
    let best = null;
    f.lines.some((raw) => {
      const line = raw.map((v) => v * scale);
      if (line.length === 2) best = { x: corner.x + line[0], y: corner.y + line[1] - 10, angle: 0, dot: [corner.x + line[0], corner.y + line[1]] };
      else if (options.areas.includes(f.kind)) best = middle(line, corner, wide);
      else best = stretch(line, corner, wide + 8);
      return best;
    });
    return best;
  }

  function middle(line, corner, wide) {
    const xs = line.filter((_, i) => i % 2 === 0);
    const ys = line.filter((_, i) => i % 2);
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    return x1 - x0 < wide || y1 - y0 < 16 ? null : { x: corner.x + (x0 + x1) / 2, y: corner.y + (y0 + y1) / 2, angle: 0 };
  }

  function fit() {
    const size = map.getSize();
    const pad = size.multiplyBy(PAD).round();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const corner = map.containerPointToLayerPoint([-pad.x, -pad.y]).round();
    const [w, h] = [size.x + 2 * pad.x, size.y + 2 * pad.y];
    canvas.width = w * ratio;
    canvas.height = h * ratio;
    Object.assign(canvas.style, { width: `${w}px`, height: `${h}px`, visibility: "" });
    L.DomUtil.setPosition(canvas, corner);
    ctx.setTransform(ratio, 0, 0, ratio, -corner.x * ratio, -corner.y * ratio);
    return [corner.x, corner.y, corner.x + w, corner.y + h];
  }

  function draw() {
    const [x0, y0, x1, y1] = fit();
    const { out, scale } = candidates();
    const taken = GridGIS.labels.taken.map((t) => t.slice());
    const said = new Map();
    let drawn = 0;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.lineWidth = 3;
    ctx.strokeStyle = "#fffffff0";
    options.order.forEach((kind) => {
      const style = options.styles[kind];
      ctx.font = `${style.font} ${options.family}`;
      out.filter(({ f }) => f.kind === kind).forEach(({ f, corner }) => {
        if (drawn >= options.limit) return;
        const spot = spotOf(f, corner, scale, ctx.measureText(f.name).width);
        if (!spot || spot.x < x0 || spot.x > x1 || spot.y < y0 || spot.y > y1) return;
        const before = said.get(f.name) || [];
        if (before.some((p) => Math.hypot(p.x - spot.x, p.y - spot.y) < options.apart)) return;
        if (!put(f.name, spot, style, taken)) return;
        if (spot.dot) dot(spot.dot, style);
        said.set(f.name, [...before, spot]);
        drawn += 1;
      });
    });
    document.body.dataset.names = String(drawn);
  }

  function dot([x, y], style) {
    ctx.beginPath();
    ctx.arc(x, y, 2.6, 0, 7);
    ctx.stroke();
    ctx.fillStyle = style.color;
    ctx.fill();
  }

  map.on("zoomstart", () => { canvas.style.visibility = "hidden"; });
  map.on("moveend", later);
  return {
    later,
    follow(layer) {
      sources.add(layer);
      layer.on("load tileload", later);
    },
    leave(layer) {
      sources.delete(layer);
      later();
    },
  };
});
