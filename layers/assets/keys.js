// The keys of the map, listed on `?`.
"use strict";
GridGIS.part("keys", (map, options) => {
  const W = GridGIS.words;
  const el = GridGIS.element;
  const sheet = el("div", "keys");
  sheet.setAttribute("role", "dialog");
  sheet.setAttribute("aria-label", W.key_title);
  sheet.appendChild(el("b", null, W.key_title));
  const list = el("dl");
  Object.keys(W).filter((k) => k.startsWith("key_") && k !== "key_title").forEach((k) => {
    const [keys, what] = W[k].split("|");
    list.appendChild(el("dt", null, keys));
    list.appendChild(el("dd", null, what));
  });
  sheet.appendChild(list);
  map.getContainer().appendChild(sheet);
  L.DomEvent.disableClickPropagation(sheet);
  L.DomEvent.disableScrollPropagation(sheet);

  const button = el("button", "round");
  button.type = "button";
  button.textContent = "?";
  button.title = W.key_title;
  button.setAttribute("aria-label", W.key_title);
  button.addEventListener("click", () => toggle());
  if (options.tools.length > 1) GridGIS.tools.bar.appendChild(button);

  function toggle(on) {
    const open = sheet.classList.toggle("on", on);
    document.body.dataset.keys = open ? "1" : "";
    return open;
  }

  return { toggle, get open() { return sheet.classList.contains("on"); } };
});
