// The map on paper: a sheet of A4 with heading, scale, legend and source, drawn at its own size before the browser prints it.
"use strict";
GridGIS.part("paper", (map) => {
  const el = GridGIS.element;
  const WAIT_MS = 4000;
  let head = null;

  function heading(paper) {
    head = el("div", "paper-head");
    head.append(el("b", null, paper.title), el("span", null, paper.line));
    document.body.appendChild(head);
  }

  function settled(since) {
    return !GridGIS.base.loading() || Date.now() - since > WAIT_MS;
  }

  // The bounds that were seen on the screen are those that are printed.
  async function lay(on) {
    const view = map.getBounds();
    document.body.classList.toggle("paper", on);
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(view, { animate: false });
    const since = Date.now();
    await new Promise((done) => {
      const look = () => (settled(since) ? setTimeout(done, 250) : setTimeout(look, 100));
      setTimeout(look, 250);
    });
  }

  async function print() {
    const paper = GridGIS.message && GridGIS.message.paper;
    if (!paper || head) return window.print();
    const { lat, lng } = map.getCenter();
    const zoom = map.getZoom();
    heading(paper);
    await lay(true);
    window.print();
    head.remove();
    head = null;
    document.body.classList.remove("paper");
    map.invalidateSize({ animate: false, pan: false });
    map.setView([lat, lng], zoom, { animate: false });
    return undefined;
  }

  return { print, lay };
});
