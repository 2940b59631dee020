// An organisation of the list is shown on the map while it has the focus or the pointer.

export function linkMap(root) {
  const map = root.querySelector(".wm-map");
  if (!map) return;
  const marks = new Map([...map.querySelectorAll("[data-place]")].map((mark) => [mark.dataset.place, mark]));
  const items = new Map([...root.querySelectorAll(".wm-place")].map((item) => [item.dataset.place, item]));
  let chosen = null;
  const choose = (place) => {
    for (const one of [marks.get(chosen), items.get(chosen)]) one?.classList.remove("is-chosen");
    chosen = place;
    for (const one of [marks.get(chosen), items.get(chosen)]) one?.classList.add("is-chosen");
  };
  for (const [place, item] of items) {
    item.addEventListener("pointerenter", () => choose(place));
    item.addEventListener("focusin", () => choose(place));
  }
  map.addEventListener("pointerover", (event) => {
    const place = event.target.closest?.("[data-place]")?.dataset.place;
    if (place) choose(place);
  });
}
