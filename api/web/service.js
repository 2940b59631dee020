// The service's figures, as it tells them every two seconds.
import { draw } from "./chart.js";

const kept = 60;
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export function followService(element) {
  const at = (name) => element.querySelector(`[data-live="${name}"]`);
  const svg = document.querySelector("[data-rate-chart]");
  const rates = [];
  let before = null;

  const requests = (stats) => Object.values(stats.methods).reduce((sum, method) => sum + method.requests, 0);

  const show = (stats, now) => {
    const total = requests(stats);
    at("requests").textContent = whole.format(total);
    const { local_hits: hits, local_misses: misses, redis_hits: shared } = stats.cache;
    if (hits + misses > 0) at("hits").textContent = `${Math.round((100 * (hits + shared)) / (hits + misses))}%`;
    if (before) {
      const rate = ((total - before.total) * 1000) / (now - before.now);
      rates.push([now, rate]);
      if (rates.length > kept) rates.shift();
      at("rate").textContent = rate < 10 ? rate.toFixed(1) : whole.format(rate);
      at("rate-note").textContent = "in the last two seconds";
      if (rates.length > 1) draw(svg, [{ name: "", className: "wm-chart__value", filled: true, points: rates.map(([time, value]) => [(time - now) / 1000, value]) }], {
        height: 160,
        fromZero: true,
        domain: [-2 * kept, 0],
        formatX: (x) => (x === 0 ? "now" : `${-x} s ago`),
      });
    }
    before = { total, now };
  };

  const events = new EventSource("/events?types=stats");
  events.addEventListener("stats", ({ data }) => show(JSON.parse(data), performance.now()));
  events.addEventListener("error", () => {
    at("rate-note").textContent = "the service does not answer now";
    before = null;
  });
}
