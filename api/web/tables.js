// Tables that sort by a click or a key on the name of a column. A cell's data-value, where it has one, is what counts.

const key = (cell) => {
  const value = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(value);
  return value === "" ? null : Number.isNaN(number) ? value : number;
};

// Unknown cells come last, whichever way.
const compare = (a, b, down) => {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en-GB", { numeric: true });
  return down ? -order : order;
};

export function makeSortable(table) {
  const headers = [...table.tHead.rows[0].cells];
  if (table.tBodies[0].rows.length < 2) return;
  table.classList.add("is-sortable");
  const status = document.createElement("p");
  status.className = "nhsuk-u-visually-hidden";
  status.setAttribute("role", "status");
  table.parentElement.after(status);

  const sort = (column) => {
    const header = headers[column];
    const numbers = header.classList.contains("wm-number");
    const now = header.getAttribute("aria-sort");
    const down = now === null || now === "none" ? numbers : now === "ascending";
    headers.forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, place) => ({ row, place, key: key(row.cells[column]) }));
    rows.sort((a, b) => compare(a.key, b.key, down) || a.place - b.place);
    body.append(...rows.map(({ row }) => row));
    status.textContent = `Sorted by ${header.textContent.trim()}, ${down ? "descending" : "ascending"}`;
  };

  headers.forEach((header, column) => {
    if ("fixed" in header.dataset) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "wm-sort";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(column));
    header.append(button);
  });
}
