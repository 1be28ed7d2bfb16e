// The planner's tools. A tool gathers one gesture and emits it once.
"use strict";
GridGIS.part("tools", (map, options) => {
  const W = GridGIS.words;
  const el = GridGIS.element;
  // What each tool draws, if it draws.
  const SHAPES = { split: "Line", reshape: "Line", transfer: "Polygon", area: "Polygon", draw: "Polygon", lasso: "Polygon" };
  const EDITS = ["split", "merge", "transfer", "paint", "reshape", "vertex", "draw"];
  const state = { tool: "select", codes: [], line: null, area: null, target: null, waiting: 0, begun: null, unlock: false, last: null };
  const bar = el("div", "toolbar");
  const hint = el("div", "hint");
  const buttons = {};
  hint.setAttribute("role", "status");

  const ICONS = GridGIS.icons;

  function icon(path) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    const p = document.createElementNS("http://www.w3.org/2000/svg", "path");
    p.setAttribute("d", path);
    svg.appendChild(p);
    return svg;
  }

  options.tools.forEach((tool, i) => {
    const button = el("button");
    button.type = "button";
    button.dataset.tool = tool;
    button.title = `${W["tool_" + tool + "_help"]} (${i + 1})`;
    button.appendChild(icon(ICONS[tool]));
    button.appendChild(el("span", null, W["tool_" + tool]));
    button.addEventListener("click", () => use(tool));
    buttons[tool] = button;
    bar.appendChild(button);
  });
  const lock = el("button", "round");
  lock.type = "button";
  lock.dataset.lock = "1";
  lock.addEventListener("click", () => unlock(!state.unlock));
  if (options.tools.includes("reshape")) bar.appendChild(lock);
  unlock(false);
  if (options.tools.length > 1) map.getContainer().appendChild(bar);

  // Boundaries of upper levels stay where they are unless the planner says otherwise.
  function unlock(on) {
    state.unlock = on;
    lock.replaceChildren(icon(ICONS[on ? "open" : "lock"]));
    lock.title = on ? W.lock_off : W.lock_on;
    lock.setAttribute("aria-label", lock.title);
    lock.setAttribute("aria-pressed", String(on));
  }
  map.getContainer().appendChild(hint);
  [bar, hint].forEach((node) => {
    L.DomEvent.disableClickPropagation(node);
    L.DomEvent.disableScrollPropagation(node);
  });

  // ---- the hint: one sentence of what to do next, and the buttons that finish or cancel

  function say(text, actions, kind) {
    hint.replaceChildren(el("span", null, text));
    hint.className = `hint${text ? " on" : ""}${kind ? " " + kind : ""}`;
    (actions || []).forEach(([label, run, primary]) => {
      const button = el("button", primary ? "primary" : null, label);
      button.type = "button";
      button.addEventListener("click", run);
      hint.appendChild(button);
    });
  }

  function nameOf(code) {
    const l = GridGIS.grids.byCode.get(code);
    const name = l && l.feature.properties.name;
    return name ? `${name}（${code}）` : code;
  }

  function refresh() {
    if (state.waiting) return say(W.working, [], "busy");
    const cancel = [W.cancel, () => use("select")];
    const trace = [`${GridGIS.trace.on ? "✓ " : ""}${W.trace_on}`, () => GridGIS.trace.toggle(), GridGIS.trace.on];
    if (["split", "reshape", "draw"].includes(state.tool)) return say(W[`hint_${state.tool}`], [trace, cancel]);
    if (state.tool === "lasso") return say(W.hint_lasso, [cancel]);
    if (state.tool === "vertex") {
      if (!GridGIS.vertices.code) return say(W.hint_vertex, [cancel]);
      return say(GridGIS.vertices.many ? W.hint_vertex_near : W.hint_vertex_grid, [cancel]);
    }
    if (state.tool === "merge") {
      const n = state.codes.length;
      const actions = n >= 2 ? [[W.do_merge.replace("{n}", n), finish, true], cancel] : [cancel];
      return say(n ? W.hint_merge_n.replace("{n}", n) : W.hint_merge, actions);
    }
    if (state.tool === "transfer") return say(state.area ? W.hint_target : W.hint_transfer, [cancel]);
    if (state.tool === "spot") return say(W.hint_spot);
    if (state.tool === "area") return say(W.hint_area, [cancel]);
    if (state.tool === "report") return say(W.hint_report, [cancel]);
    if (state.tool === "paint") {
      if (!state.target) return say(W.hint_paint_target, [cancel]);
      const n = GridGIS.cells.count();
      const text = W.hint_paint.replace("{n}", n).replace("{target}", nameOf(state.target));
      say(text, n ? [[W.do_paint.replace("{n}", n), finish, true], cancel] : [cancel]);
      hint.insertBefore(filter(), hint.children[1]);
      return undefined;
    }
    return say("");
  }

  // Which cells the brush may take.
  function filter() {
    const choice = el("select");
    choice.setAttribute("aria-label", W.filter_any);
    ["any", "free", "from", "parent"].forEach((rule) => {
      const option = el("option", null, W[`filter_${rule}`]);
      option.value = rule;
      option.selected = rule === GridGIS.cells.rule;
      choice.appendChild(option);
    });
    choice.addEventListener("change", () => { GridGIS.cells.rule = choice.value; });
    return choice;
  }

  // A word that passes.
  function whisper(text) {
    say(text, [], "");
    setTimeout(refresh, 2600);
  }

  // ---- tools

  function use(tool) {
    clear();
    state.tool = tool;
    Object.entries(buttons).forEach(([key, b]) => b.setAttribute("aria-pressed", String(key === tool)));
    map.getContainer().dataset.tool = tool;
    GridGIS.grids.tooltips(["select", "merge", "spot", "report"].includes(tool));
    const selected = (GridGIS.message && GridGIS.message.selected) || [];
    if (SHAPES[tool]) draw(SHAPES[tool]);
    if (tool === "vertex") GridGIS.vertices.show(selected[0] || null);
    else GridGIS.vertices.hide();
    if (tool === "merge") {
      state.codes = selected.slice(0, 1);
      GridGIS.grids.select(state.codes);
    }
    if (tool === "paint") {
      state.target = selected[0] || null;
      GridGIS.cells.show(state.target);
    } else {
      GridGIS.cells.hide();
    }
    refresh();
  }

  function clear() {
    map.pm.disableDraw();
    GridGIS.live.hide();
    clearTimeout(state.telling);
    if (state.line) map.removeLayer(state.line);
    Object.assign(state, { codes: [], line: null, area: null, target: null, begun: null });
    GridGIS.grids.select((GridGIS.message && GridGIS.message.selected) || []);
  }

  function draw(shape) {
    map.pm.enableDraw(shape, {
      snappable: true, snapDistance: 12, tooltips: false, continueDrawing: false, finishOn: "dblclick",
      templineStyle: { color: options.accent, weight: 2.5 },
      hintlineStyle: { color: options.accent, weight: 2, dashArray: [6, 6] },
      pathOptions: { color: options.accent, weight: 3, fillOpacity: 0.12, interactive: false },
    });
  }

  // Where the mouse went down last: a click on the first corner ends a line without adding one.
  let pressed = null;
  map.getContainer().addEventListener("mousedown", (e) => { pressed = map.mouseEventToLatLng(e); }, true);

  function corners(layer) {
    const rings = layer.getLatLngs();
    return Array.isArray(rings[0]) ? rings[0] : rings;
  }

  // What was drawn, with the ways along roads; a line whose end comes back to its beginning is closed: a hole.
  function positions(layer) {
    const latlngs = corners(layer);
    const out = GridGIS.trace.filled(latlngs);
    const home = map.latLngToLayerPoint(latlngs[0]);
    const closed = state.tool === "split" && latlngs.length > 2 && pressed && map.latLngToLayerPoint(pressed).distanceTo(home) < 12;
    if (closed && map.latLngToLayerPoint(latlngs[latlngs.length - 1]).distanceTo(home) < 12) out[out.length - 1] = out[0].slice();
    else if (closed) out.push(out[0].slice());
    return out;
  }

  // What is drawn so far, with the place where the next corner would come to lie as its last point.
  function sofar() {
    const drawing = map.pm.globalDrawModeEnabled() && map.pm.Draw[SHAPES[state.tool]];
    const layer = drawing && drawing._layer;
    if (!layer || !EDITS.includes(state.tool) || state.tool === "transfer") return null;
    const drawn = corners(layer);
    const next = drawing._hintMarker.getLatLng();
    const points = drawn.length && !next.equals(drawn[drawn.length - 1]) ? [...drawn, next] : drawn;
    if (points.length < (SHAPES[state.tool] === "Line" ? 2 : 3)) return null;
    return gesture(state.tool, { [SHAPES[state.tool] === "Line" ? "line" : "area"]: GridGIS.trace.filled(points) });
  }

  map.on("mousemove", () => map.pm.globalDrawModeEnabled() && GridGIS.live.soon(sofar));
  // The first of the two clicks that end a drawing asks what the second will want to know.
  map.on("pm:drawstart", ({ workingLayer }) => workingLayer.on("pm:vertexadded", () => {
    const made = sofar();
    if (made) GridGIS.live.ask(made);
  }));

  map.on("pm:create", ({ layer }) => {
    layer.options.pmIgnore = true;
    state.line = layer;
    if (["split", "reshape"].includes(state.tool)) ask(state.tool, { line: positions(layer) });
    if (state.tool === "draw") ask("draw", { area: positions(layer) });
    if (state.tool === "lasso") return GridGIS.choose.lasso(corners(layer));
    if (state.tool === "area") ask("area", { area: positions(layer) });
    if (state.tool === "transfer") {
      state.area = positions(layer);
      refresh();
    }
  });

  // Colleagues are told once, at the first touch, which grid is being worked on.
  function begun(code) {
    if (state.begun || !EDITS.includes(state.tool)) return;
    state.begun = code;
    // Who is quick proposes before there is anything to tell.
    state.telling = setTimeout(() => GridGIS.emit("begin", { code }), 600);
  }

  function onGrid(kind, code, event) {
    if (kind === "over" && state.tool === "transfer" && state.area && !state.waiting) {
      GridGIS.live.soon(() => gesture("transfer", { area: state.area, to: code }));
    }
    if (kind !== "click") return;
    event.originalEvent.onGrid = true;
    if (state.waiting) return;
    begun(code);
    if (state.tool === "select") choose(event.originalEvent.ctrlKey || event.originalEvent.metaKey ? toggled(code) : [code]);
    else if (state.tool === "vertex") {
      choose([code]);
      GridGIS.vertices.show(code);
      refresh();
    }
    else if (state.tool === "merge") toggle(code);
    else if (state.tool === "transfer" && state.area) ask("transfer", { area: state.area, to: code });
  }

  function choose(codes) {
    GridGIS.grids.select(codes);
    GridGIS.emit("select", { codes });
  }

  function toggled(code) {
    const had = (GridGIS.message && GridGIS.message.selected) || [];
    return had.includes(code) ? had.filter((c) => c !== code) : [...had, code];
  }

  function toggle(code) {
    several(state.codes.includes(code) ? state.codes.filter((c) => c !== code) : [...state.codes, code]);
  }

  function several(codes) {
    state.codes = codes;
    GridGIS.grids.select(codes);
    refresh();
    if (codes.length > 1) GridGIS.live.soon(() => gesture("merge", { codes }));
    else GridGIS.live.hide();
  }

  // Grids gathered by a box or a lasso.
  function chosen(codes) {
    if (state.tool === "merge") return several(codes);
    use("select");
    return choose(codes);
  }

  function finish() {
    if (state.tool === "merge" && state.codes.length >= 2) ask("merge", { codes: state.codes });
    else if (state.tool === "paint" && GridGIS.cells.count()) ask("paint", { cells: GridGIS.cells.chosen(), to: state.target });
    else if (map.pm.globalDrawModeEnabled()) finishShape();
  }

  function finishShape() {
    const shape = SHAPES[state.tool];
    const drawing = map.pm.Draw[shape];
    const points = drawing._layer ? drawing._layer.getLatLngs().length : 0;
    if (points >= (shape === "Line" ? 2 : 3)) drawing._finishShape();
  }

  // A gesture as the kernel is asked about it; all that it depends on goes along.
  function gesture(type, detail) {
    const selected = (GridGIS.message && GridGIS.message.selected) || [];
    return Object.assign({ type, level: GridGIS.grids.level, unlock: state.unlock, selected }, detail);
  }

  function ask(type, detail) {
    GridGIS.live.hide();
    clearTimeout(state.telling);
    GridGIS.live.clearRefusal();
    const found = detail.to && typeof detail.to !== "string" ? detail.to : detail.at || (detail.line || detail.area || [])[0];
    state.last = found || null;
    const made = gesture(type, detail);
    if (EDITS.includes(type)) painted(type, made);
    else state.waiting = GridGIS.emit(type, made);
    refresh();
  }

  // First the polygons on the map, or why there are none; then the page beside it, so that the one does not wait for the
  // other. The page asks the same again and has the last word.
  function painted(type, made) {
    const mine = (state.turn = {});
    let sent = false;
    state.waiting = Infinity;
    const send = () => {
      if (sent || state.turn !== mine) return;
      sent = true;
      if (state.dropped) {
        Object.assign(state, { waiting: 0, dropped: false });
        use(state.tool);
      } else {
        state.waiting = GridGIS.emit(type, made);
      }
    };
    GridGIS.live.ask(made).then((answer) => {
      if (answer && state.waiting && state.turn === mine && !state.dropped) {
        if (answer.preview) GridGIS.preview.early(answer.preview);
        else GridGIS.live.early({ words: answer.refused, at: answer.at });
      }
      send();
    });
    setTimeout(send, 400);
  }

  // ---- keyboard: the same keys whether the map or the page has the focus

  // Taken back before the answer is there: what comes is dropped.
  function drop() {
    state.dropped = true;
    GridGIS.preview.early(null);
    say("");
  }

  function cancel() {
    if (GridGIS.keys.open) return GridGIS.keys.toggle(false);
    GridGIS.live.clearRefusal();
    if (state.waiting) return drop();
    if (map.pm.globalDrawModeEnabled()) {
      const drawing = map.pm.Draw[SHAPES[state.tool]];
      const begun = drawing._layer && drawing._layer.getLatLngs().length;
      if (!begun) return use("select");
      return use(state.tool);
    }
    if (state.tool !== "select") return use("select");
    if (GridGIS.message && GridGIS.message.preview) return GridGIS.emit("discard", {});
    return choose([]);
  }

  function undo() {
    if (state.waiting) return drop();
    const drawing = map.pm.globalDrawModeEnabled() && map.pm.Draw[SHAPES[state.tool]];
    if (drawing && drawing._layer && drawing._layer.getLatLngs().length) return drawing._removeLastVertex();
    if (GridGIS.message && GridGIS.message.preview) return GridGIS.emit("discard", {});
    return GridGIS.emit("undo", {});
  }

  const letters = {
    t: () => GridGIS.trace.toggle(),
    u: () => unlock(!state.unlock),
    l: () => use("lasso"),
  };

  function key(event) {
    const control = event.ctrlKey || event.metaKey;
    const letter = event.key.toLowerCase();
    let done = true;
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter") finish();
    else if (control && letter === "z" && event.shiftKey) GridGIS.emit("redo", {});
    else if (control && letter === "z") undo();
    else if (control && letter === "y") GridGIS.emit("redo", {});
    else if (event.key === "?") GridGIS.keys.toggle();
    else if (!control && !event.altKey && letters[letter]) letters[letter]();
    else if (!control && !event.altKey && options.tools[Number(event.key) - 1]) use(options.tools[Number(event.key) - 1]);
    else done = false;
    if (done) event.preventDefault();
  }

  if (options.tools.length > 1) document.addEventListener("keydown", key);
  map.on("click", (e) => {
    if (["spot", "report"].includes(state.tool) && !state.waiting) ask(state.tool, { at: [e.latlng.lng, e.latlng.lat] });
    if (state.tool === "select" && options.tools.length && !e.originalEvent.onGrid) choose([]);
  });

  return {
    key,
    use,
    onGrid,
    bar,
    letters,
    chosen,
    whisper,
    answered: (message) => !state.waiting || message.ack >= state.waiting,
    gesture,
    lastPlace: () => state.last,
    dragged(detail) { ask("vertex", detail); },
    first: options.tools.includes("spot") ? "spot" : "select",
    get tool() { return state.tool; },
    cellTarget(code) {
      state.target = code;
      begun(code);
      GridGIS.cells.show(code);
      refresh();
    },
    refresh,
    apply(message) {
      // The answer to the gesture asked last is here: put the drawing away, keep the tool if it was refused.
      if (!state.waiting || message.ack < state.waiting) {
        // What a colleague saved must not take the grids out of the hand that is choosing them.
        if (state.tool === "merge" && !state.waiting) {
          state.codes = state.codes.filter((c) => GridGIS.grids.byCode.has(c));
          GridGIS.grids.select(state.codes);
          refresh();
        }
        return;
      }
      state.waiting = 0;
      document.body.dataset.ack = String(message.ack);
      if (state.dropped && message.preview) setTimeout(() => GridGIS.emit("discard", {}), 0);
      state.dropped = false;
      use(message.preview || message.done || state.tool === "report" ? "select" : state.tool);
    },
  };
});

// Geoman looks at every vertex of every layer on each mouse move; only layers near the cursor matter.
(function () {
  const REACH = 24;
  function near(owner, latlng, layers) {
    const m = owner._map || (owner._layer && owner._layer._map);
    const p = m.latLngToContainerPoint(latlng);
    const box = L.latLngBounds(
      m.containerPointToLatLng(p.subtract([REACH, REACH])), m.containerPointToLatLng(p.add([REACH, REACH])));
    return layers.filter((l) => !l.getBounds || (l.getBounds().isValid() && l.getBounds().intersects(box)));
  }
  function patch(prototype) {
    if (!prototype || !prototype._calcClosestLayers || prototype._nearOnly) return;
    const original = prototype._calcClosestLayers;
    prototype._nearOnly = true;
    prototype._calcClosestLayers = function (latlng, layers, amount) {
      const few = near(this, latlng, layers);
      // Who asks for the nearest one looks into it even where there is none.
      return few.length ? original.call(this, latlng, few, amount) : [{}];
    };
  }
  patch(L.PM.Draw.prototype);
  ["Draw", "Edit"].forEach((kind) => Object.values(L.PM[kind]).forEach((c) => c && patch(c.prototype)));
})();
