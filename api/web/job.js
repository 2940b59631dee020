// A plan in the making: its value against its bound, as events tell, or as asked again where there are none.
import { draw } from "./chart.js";
import { ask } from "./rpc.js";

const phases = {
  pairs: "Finding who may take which post",
  prices: "Pricing what is scarce",
  plan: "Making a first plan",
  search: "Looking for a better plan",
  verify: "Checking the plan",
  conflict: "Finding what contradicts what",
  reasons: "Finding reasons and fixes",
};

const digits = (n) => new Intl.NumberFormat("en-GB", { minimumFractionDigits: n, maximumFractionDigits: n });
const [precise, large] = [digits(4), digits(1)];
const figure = (value) => (value < 100 ? precise : large).format(value);

const seconds = (ms) => {
  const s = Math.round(ms / 1000);
  return s === 1 ? "1 second" : s < 120 ? `${s} seconds` : `${Math.round(s / 60)} minutes`;
};

export function followJob(element) {
  const job = element.dataset.job;
  const at = (name) => element.querySelector(`[data-live="${name}"]`);
  const svg = element.querySelector("[data-chart]");
  const values = [];
  const bounds = [];

  const show = (news) => {
    const say = (name, text) => {
      const place = at(name);
      if (place.textContent !== text) place.textContent = text;
    };
    say("phase", phases[news.phase] ?? "Waiting for its turn");
    say("time", seconds(news.elapsed_ms ?? 0));
    if (news.value != null) {
      say("value", figure(news.value));
      values.push([news.elapsed_ms / 1000, news.value]);
    }
    if (news.bound != null) {
      say("bound", figure(news.bound));
      // The first bounds count openings and little more: drawn, they would press the rest flat.
      if (news.value != null && news.bound < 2 * news.value) bounds.push([news.elapsed_ms / 1000, news.bound]);
    }
    if (news.gap != null) say("gap", `${(100 * news.gap).toFixed(2)}%`);
    if (values.length + bounds.length > 1)
      draw(
        svg,
        [
          { name: "Bound", className: "wm-chart__bound", points: bounds },
          { name: "Best so far", className: "wm-chart__value", points: values },
        ],
        { height: 220, formatX: (x) => `${x} s` },
      );
  };

  // The page of the job goes on to its plan once there is one.
  const leave = () => location.replace(`/jobs/${encodeURIComponent(job)}`);

  const listen = () => {
    const events = new EventSource("/events?types=plan");
    events.addEventListener("plan", ({ data }) => {
      const news = JSON.parse(data);
      if (news.job !== job) return;
      if (news.state === "queued" || news.state === "running") return show(news);
      events.close();
      leave();
    });
    // A stream that is cut comes back by itself; one that is refused does not, and the page asks instead.
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) poll();
    });
  };

  const poll = async () => {
    try {
      await ask("plan.get", { job });
      leave();
    } catch (error) {
      if (error.message !== "deadline_exceeded") return leave();
      show({ ...error.data, bound: error.data.best_bound });
      setTimeout(poll, 500);
    }
  };

  listen();
}
