// The public page: search, click or position in; grid, code, telephones and duties out. Text is set as text, never as HTML.
"use strict";
(function () {
  const told = JSON.parse(document.body.dataset.told);
  const words = told.words;
  const el = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, k) => values[k]);
  const say = (text) => { el("say").textContent = text; };

  const map = L.map("map", { attributionControl: false, maxZoom: 18 }).fitBounds(told.bounds);
  L.control.scale({ imperial: false }).addTo(map);
  GridGIS.ground(map, told.ground).catch(() => say(words.failed));
  const grid = L.geoJSON(null, { interactive: false, style: { color: "#b3261e", weight: 3, fillColor: "#ffdf8a", fillOpacity: 0.35 } }).addTo(map);
  let dot = null;

  function node(parent, name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    parent.append(made);
    return made;
  }

  function pairs(parent, title, rows, phone) {
    if (!rows.length) return;
    node(parent, "h3", title);
    const list = node(parent, "dl");
    rows.forEach(([name, value]) => {
      node(list, "dt", name);
      const cell = node(list, "dd", phone ? undefined : value);
      if (phone) node(cell, "a", value).href = "tel:" + value.replace(/[^\d+]/g, "");
    });
  }

  function show(found) {
    const card = el("card");
    card.replaceChildren();
    card.hidden = !found.found;
    grid.clearLayers();
    if (!found.found) {
      say(words[found.why]);
      return;
    }
    node(card, "small", found.level);
    node(card, "h2", found.name);
    node(card, "h3", words.code);
    node(card, "div", found.code, "code");
    pairs(card, words.belongs, found.path, false);
    pairs(card, words.hotlines, found.hotlines, true);
    if (found.duties.length) {
      node(card, "h3", words.duties);
      const list = node(card, "ul");
      found.duties.forEach((text) => node(list, "li", text));
    }
    grid.addData(found.shape);
    // The card may have brought a scroll bar, and a move on its way is not to end after this one.
    map.stop().invalidateSize({ pan: false }).fitBounds(grid.getBounds(), { maxZoom: 17, padding: [20, 20], animate: false });
  }

  let asked = 0;
  function look(lon, lat) {
    const turn = ++asked;
    el("hits").replaceChildren();
    if (dot) dot.remove();
    dot = L.circleMarker([lat, lon], { radius: 6, color: "#fff", weight: 2, fillColor: "#1d5fa8", fillOpacity: 1, interactive: false }).addTo(map);
    fetch(`${told.base}/where/at?lon=${lon.toFixed(6)}&lat=${lat.toFixed(6)}&lang=${told.lang}`).then((r) => r.json()).then((found) => {
      if (turn === asked) show(found);
    }).catch(() => say(words.failed));
  }

  map.on("click", (e) => {
    say("");
    look(e.latlng.lng, e.latlng.lat);
  });
  el("here").addEventListener("click", () => {
    if (!navigator.geolocation) return say(words.denied);
    navigator.geolocation.getCurrentPosition((p) => {
      say(fill(words.near, { m: Math.round(p.coords.accuracy) }));
      look(p.coords.longitude, p.coords.latitude);
    }, () => say(words.denied), { timeout: 10000 });
  });
  el("ask").addEventListener("submit", (e) => {
    e.preventDefault();
    const text = el("q").value.trim();
    if (!text) return;
    fetch(`${told.base}/where/find?q=${encodeURIComponent(text)}`).then((r) => r.json()).then((data) => {
      const list = el("hits");
      list.replaceChildren();
      if (!data.hits || !data.hits.length) return say(fill(words.none, { text }));
      say("");
      if (data.hits.length === 1) return look(data.hits[0].lon, data.hits[0].lat);
      data.hits.forEach((hit) => {
        node(node(list, "li"), "button", hit.name).addEventListener("click", () => look(hit.lon, hit.lat));
      });
    }).catch(() => say(words.failed));
  });
})();
