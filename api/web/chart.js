// Small line charts over time. The figures beside them say the same in words, so they are hidden from screen readers.
import { scaleLinear } from "d3-scale";
import { area, curveStepAfter, line } from "d3-shape";

const NS = "http://www.w3.org/2000/svg";

function add(parent, name, attributes, text) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

// series: [{ name, className, filled, points: [[x, y], ...] }], in the same units.
export function draw(svg, series, { height, formatX, fromZero = false, domain }) {
  // As wide as it is shown, so that its letters keep their size in a narrow window.
  const figure = svg.closest("figure");
  figure.hidden = false;
  const width = Math.max(280, Math.min(832, svg.clientWidth || 640));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const named = series.some(({ name }) => name);
  const edge = { top: 14, right: named ? 88 : 16, bottom: 24, left: 44 };
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) return;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const low = fromZero ? 0 : Math.min(...ys);
  const high = Math.max(...ys);
  const x = scaleLinear(domain ?? [Math.min(...xs), Math.max(...xs, Math.min(...xs) + 1)], [edge.left, width - edge.right]);
  const y = scaleLinear([low, high > low ? high : low + 1], [height - edge.bottom, edge.top]).nice(4);
  const sayY = y.tickFormat(4);
  svg.replaceChildren();
  for (const tick of y.ticks(4)) {
    add(svg, "line", { class: "wm-chart__grid", x1: edge.left, x2: width - edge.right, y1: y(tick), y2: y(tick) });
    add(svg, "text", { x: edge.left - 8, y: y(tick) + 4, "text-anchor": "end" }, sayY(tick));
  }
  for (const tick of x.ticks(Math.max(2, Math.round(width / 110)))) add(svg, "text", { x: x(tick), y: height - 6, "text-anchor": "middle" }, formatX(tick));
  const labels = [];
  for (const one of series) {
    if (one.points.length === 0) continue;
    const last = one.points.at(-1);
    if (one.filled) {
      const fill = area().x(([at]) => x(at)).y0(y.range()[0]).y1(([, value]) => y(value));
      add(svg, "path", { class: "wm-chart__area", d: fill(one.points) });
    }
    const path = line().x(([at]) => x(at)).y(([, value]) => y(value));
    add(svg, "path", { class: one.className, d: (one.filled ? path : path.curve(curveStepAfter))(one.points) });
    let at = y(last[1]) + 4;
    for (const taken of labels) if (Math.abs(taken - at) < 14) at = taken + 14;
    labels.push(at);
    add(svg, "text", { class: "wm-chart__name", x: x(last[0]) + 8, y: at }, one.name);
  }
}
