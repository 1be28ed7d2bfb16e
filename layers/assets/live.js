// What a gesture would do, in figures, while it is still drawn; and where a refused one failed.
"use strict";
GridGIS.part("live", (map, options) => {
  const W = GridGIS.words;
  const el = GridGIS.element;
  const box = el("div", "live");
  box.setAttribute("role", "status");
  box.setAttribute("aria-live", "polite");
  map.getContainer().appendChild(box);
  L.DomEvent.disableClickPropagation(box);
  let timer = null;
  let turn = 0;
  let refusal = null;
  let marker = null;
  let placed = null;
  document.body.dataset.live = "";
  document.body.dataset.refused = "";

  function amount(key, value) {
    if (value === null) return "–";
    return key === "area_m2" ? GridGIS.number(value / 1e4, 1) : GridGIS.number(value);
  }

  function signed(key, value) {
    const text = amount(key, Math.abs(value));
    return value > 0 && text !== "0" ? `+${text}` : value < 0 && text !== "0" && text !== "0.0" ? `−${text}` : "";
  }

  function row(figures, r) {
    const tr = el("tr");
    const head = el("th");
    if (r.band) {
      const dot = el("i");
      dot.style.background = options.bands[r.band];
      head.appendChild(dot);
    }
    head.appendChild(document.createTextNode(r.code));
    if (r.new || r.ends) head.appendChild(el("small", null, r.new ? W.live_new : W.live_ends));
    tr.appendChild(head);
    figures.forEach((key, i) => {
      const td = el("td", null, amount(key, r.after[i]));
      const change = signed(key, r.change[i]);
      if (change && !r.new && !r.ends) td.appendChild(el("small", r.change[i] > 0 ? "up" : "down", change));
      tr.appendChild(td);
    });
    return tr;
  }

  function show(answer) {
    box.replaceChildren(el("b", null, W.live_title));
    const table = el("table");
    const head = el("tr");
    head.appendChild(el("th"));
    answer.figures.forEach((key) => head.appendChild(el("th", null, W[`live_${key}`])));
    table.appendChild(head);
    answer.rows.forEach((r) => table.appendChild(row(answer.figures, r)));
    box.appendChild(table);
    if (answer.more) box.appendChild(el("div", "live-note", W.live_more.replace("{n}", answer.more)));
    const [a, b] = answer.cut;
    if (a || b) box.appendChild(el("div", "live-note", W.live_cut.replace("{a}", a).replace("{b}", b)));
    answer.keeps.forEach((text) => box.appendChild(el("div", "live-note", text)));
    box.classList.add("on");
    document.body.dataset.live = String(answer.rows.length);
  }

  function hide() {
    clearTimeout(timer);
    turn += 1;
    box.classList.remove("on");
    document.body.dataset.live = "";
  }

  // What a gesture would do. The same question is asked once: what was told while the hand still rested on the last
  // corner is the answer when it lets go.
  let last = { key: null, answer: null };
  function ask(gesture) {
    const message = GridGIS.message;
    if (!message || !message.try) return Promise.resolve(null);
    const key = JSON.stringify([message.try, message.grids.version, gesture]);
    if (last.key !== key) {
      const mine = (last = { key, answer: GridGIS.ask(message.try, gesture) });
      mine.answer.then((found) => { if (!found) mine.key = null; });
    }
    return last.answer;
  }

  // A line half drawn is refused most of the time: only what would be done is told.
  async function tell(gesture) {
    const mine = (turn += 1);
    const answer = await ask(gesture);
    if (mine !== turn) return;
    if (answer && answer.rows) show(answer);
    else if (answer && box.classList.contains("on")) hide();
  }

  function place(found) {
    const words = found ? JSON.stringify([found.words, found.at]) : null;
    if (words && words === placed) return;
    placed = words;
    if (marker) map.removeLayer(marker);
    marker = null;
    document.body.dataset.refused = found ? "1" : "";
    if (!found) return;
    const at = found.at || GridGIS.tools.lastPlace();
    if (!at) return;
    const note = el("div", "refusal");
    note.appendChild(el("b", null, W.live_refused));
    note.appendChild(el("span", null, found.words));
    const icon = L.divIcon({ className: "refusal-anchor", html: note, iconSize: [0, 0] });
    marker = L.marker([at[1], at[0]], { icon, pane: "flags", interactive: false, keyboard: false, pmIgnore: true, snapIgnore: true });
    marker.addTo(map);
    if (!map.getBounds().contains([at[1], at[0]])) map.panTo([at[1], at[0]], { animate: false });
  }

  return {
    hide,
    ask,
    clearRefusal: () => place(null),
    // A refusal that came before the page beside the map has caught up.
    early(found) {
      refusal = "early";
      place(found);
    },
    // What there is to tell is looked up when the hand rests; nothing is told where that is nothing.
    soon(made) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const gesture = made();
        if (gesture) tell(gesture);
      }, 180);
    },
    apply(message) {
      const key = message.refusal ? message.refusal.key : null;
      if (key === refusal || (refusal === "early" && !GridGIS.tools.answered(message))) return;
      refusal = key;
      place(message.refusal);
    },
  };
});
