// Vector tiles of our own making, drawn on canvas: a stroke at a time, casings below cores, names kept for the map to place.
"use strict";
(function () {
  const SIDE = 512;
  const UNITS = 4096;

  function weightAt(stroke, zoom) {
    const grow = Math.pow(1.32, zoom - 13);
    return Math.min(stroke.max, Math.max(stroke.min, stroke.weight * grow));
  }

  // Numbers are steps from one point to the next, the first two the point itself.
  function unpack(list) {
    const out = new Float32Array(list.length);
    let x = 0;
    let y = 0;
    for (let i = 0; i < list.length; i += 2) {
      x += list[i];
      y += list[i + 1];
      out[i] = (x * SIDE) / UNITS;
      out[i + 1] = (y * SIDE) / UNITS;
    }
    return out;
  }

  function trace(ctx, line, closed) {
    ctx.moveTo(line[0], line[1]);
    for (let i = 2; i < line.length; i += 2) ctx.lineTo(line[i], line[i + 1]);
    if (closed) ctx.closePath();
  }

  function path(ctx, features, stroke) {
    ctx.beginPath();
    features.forEach((f) => f.lines.forEach((line) => {
      // What is known as a point only is a small dot.
      if (line.length === 2) ctx.rect(line[0] - 1.5, line[1] - 1.5, 3, 3);
      else trace(ctx, line, stroke.style.fill !== false);
    }));
  }

  function paint(canvas, features, strokes, zoom) {
    const ctx = canvas.getContext("2d");
    const ratio = canvas.width / SIDE;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, SIDE, SIDE);
    ctx.lineCap = ctx.lineJoin = "round";
    strokes.forEach((stroke) => {
      const mine = features.filter((f) => f.kind === stroke.k);
      if (zoom < stroke.zoom || !mine.length) return;
      const s = stroke.style;
      path(ctx, mine, stroke);
      if (s.fill !== false) {
        ctx.globalAlpha = s.fillOpacity === undefined ? 1 : s.fillOpacity;
        ctx.fillStyle = s.fillColor;
        ctx.fill("evenodd");
      }
      if (s.stroke === false) return;
      ctx.globalAlpha = s.opacity === undefined ? 1 : s.opacity;
      ctx.strokeStyle = s.color;
      ctx.lineWidth = stroke.weight ? weightAt(stroke, zoom) : s.weight;
      ctx.stroke();
    });
  }

  const Tiles = L.GridLayer.extend({
    options: { tileSize: SIDE, keepBuffer: 1, updateWhenZooming: false, pmIgnore: true, snapIgnore: true },
    initialize(url, options) {
      this.url = url;
      L.setOptions(this, options);
      this.on("tileunload", ({ tile }) => tile.stop && tile.stop.abort());
    },
    // A tile of 512 pixels covers what one of 256 does a zoom further out.
    address(coords) {
      return L.Util.template(this.url, { x: coords.x, y: coords.y, z: coords.z - 1 });
    },
    createTile(coords, done) {
      const tile = L.DomUtil.create("canvas");
      tile.width = tile.height = SIDE * Math.min(2, window.devicePixelRatio || 1);
      tile.stop = new AbortController();
      tile.at = coords;
      if (coords.z < 1) {
        setTimeout(() => done(null, tile), 0);
        return tile;
      }
      fetch(this.address(coords), { signal: tile.stop.signal, credentials: "same-origin" })
        .then((answer) => {
          if (answer.status === 404) GridGIS.emit("expired", {});
          return answer.status === 200 ? answer.json() : { f: [] };
        })
        .then((found) => {
          tile.features = found.f.map(([kind, name, ...lines]) => ({ kind, name, lines: lines.map(unpack) }));
          paint(tile, tile.features, this.options.strokes, coords.z);
          done(null, tile);
        })
        .catch((error) => done(error, tile));
      return tile;
    },
    // Every tile on the map with what it holds, for names.
    each(look) {
      Object.values(this._tiles).forEach(({ el, current }) => current && el.features && look(el.at, el.features));
    },
    tally() {
      let n = 0;
      this.each((at, features) => { n += features.length; });
      return n;
    },
  });

  GridGIS.vectorTiles = (url, options) => new Tiles(url, options);
  GridGIS.tileSide = SIDE;
})();
