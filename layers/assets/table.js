// A plain table whose rows can be picked; every value is put in as text.
function cell(tag, text, className) {
  const node = document.createElement(tag);
  node.textContent = text === null || text === undefined ? "" : String(text);
  if (className) node.className = className;
  return node;
}

function fill(table, data, pick) {
  const head = document.createElement("tr");
  data.columns.forEach((c) => {
    const th = cell("th", c.title, c.kind);
    th.scope = "col";
    head.appendChild(th);
  });
  table.tHead.replaceChildren(head);
  const rows = data.rows.map((values, i) => {
    const tr = document.createElement("tr");
    data.columns.forEach((c, k) => {
      const td = cell("td", null, c.kind);
      if (c.kind === "tag" && values[k]) td.appendChild(cell("span", values[k][1], `tag ${values[k][0]}`));
      else td.textContent = values[k] === null || values[k] === undefined ? "" : String(values[k]);
      tr.appendChild(td);
    });
    if (data.pickable) {
      tr.tabIndex = 0;
      tr.addEventListener("click", () => pick(i));
      tr.addEventListener("keydown", (e) => {
        if (e.key === "Enter" || e.key === " ") pick(i);
        const next = e.key === "ArrowDown" ? tr.nextElementSibling : e.key === "ArrowUp" ? tr.previousElementSibling : null;
        if (next) next.focus();
        if (["Enter", " ", "ArrowDown", "ArrowUp"].includes(e.key)) e.preventDefault();
      });
    }
    return tr;
  });
  table.tBodies[0].replaceChildren(...rows);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const box = parentElement.querySelector(".gg-table");
  const table = box.querySelector("table");
  box.style.maxHeight = data.height;
  const text = JSON.stringify([data.columns, data.rows, data.pickable]);
  if (box.shown !== text) {
    box.shown = text;
    fill(table, data, (i) => setTriggerValue("picked", { row: i, n: Date.now() }));
  }
  const rows = Array.from(table.tBodies[0].rows);
  rows.forEach((tr, i) => tr.setAttribute("aria-selected", String(i === data.picked)));
  const now = rows[data.picked];
  if (now && box.picked !== now) {
    // What was picked elsewhere comes into view; the page itself stays where it is.
    const head = table.tHead.offsetHeight;
    if (now.offsetTop < box.scrollTop + head) box.scrollTop = now.offsetTop - head;
    else if (now.offsetTop + now.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = now.offsetTop + now.offsetHeight - box.clientHeight;
  }
  box.picked = now;
}
