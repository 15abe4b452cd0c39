// Charts of a thing's fields, drawn by uPlot: one panel for each unit, one for each switch or text, all over the same time.
// The page's circuit gives the points (create, setData, append) and is told what somebody zooms to; nothing here asks for anything.
// Colours come from the page's CSS variables. No inline script, no inline style: uPlot sets styles through the CSSOM, which a strict content policy allows.

const day = 86400;
let library = null;

/** Loads uPlot once; null where it does not come. */
function load(url, style) {
  library ??= new Promise((done) => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = style;
    document.head.prepend(sheet); // before our own, which has the last word
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => done(window.uPlot ?? null);
    script.onerror = () => { library = null; done(null); };
    document.head.append(script);
  });
  return library;
}

const pad = (n) => String(n).padStart(2, "0");

/** A point in time as people read it, exact to what the bucket is. */
function timeText(seconds, bucket) {
  const at = new Date(seconds * 1000);
  const date = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return bucket < 60 ? `${date} ${time}:${pad(at.getSeconds())}` : `${date} ${time}`;
}

/** Digits that a value needs on an axis or under the cursor. */
function numberText(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  const digits = size >= 1000 || Number.isInteger(value) ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
  return value.toFixed(digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

class Charts {
  constructor(uPlot, element, page, options) {
    this.uPlot = uPlot;
    this.element = element;
    this.page = page;
    this.options = options;
    this.panels = [];
    this.data = null;
    this.cursor = null;
    this.spoken = element.querySelector("[data-spoken]");
    this.plots = element.querySelector("[data-plots]");
    this.sync = uPlot.sync(`fields-${Math.random()}`);
    this.onKey = (e) => this.key(e);
    this.onTheme = () => this.rebuild();
    element.addEventListener("keydown", this.onKey);
    this.scheme = window.matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.onTheme);
    this.themeObserver = new MutationObserver(this.onTheme);
    this.themeObserver.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
    this.sizeObserver = new ResizeObserver(() => this.resize());
    this.sizeObserver.observe(this.plots);
  }

  // A variable may be made of others and of the theme: what an element would have is what counts, as rgb(…).
  colour(name) {
    this.probe ??= document.createElement("span");
    this.probe.style.color = `var(${name})`;
    this.element.append(this.probe);
    const colour = getComputedStyle(this.probe).color;
    this.probe.remove();
    return colour;
  }

  width() {
    return Math.max(200, Math.floor(this.plots.clientWidth));
  }

  /** Everything anew: panels, points, span. */
  setData(data) {
    const same = this.data && this.shape(this.data) === this.shape(data);
    this.data = data;
    if (same) {
      this.panels.forEach((plot, i) => plot.setData(this.aligned(data.panels[i]), false));
      this.span(data.from, data.to);
    } else {
      this.rebuild();
    }
    this.follow();
  }

  /** Points that have come: the last bucket again, and new ones. Samples that are older make the page send everything anew. */
  append(points) {
    const data = this.data;
    if (!data) return;
    for (const point of points) {
      const series = data.panels[point.panel]?.series[point.series];
      if (!series) continue;
      const last = series.t.length - 1;
      if (last >= 0 && series.t[last] > point.t) continue;
      const at = last >= 0 && series.t[last] === point.t ? last : last + 1;
      if (at > last && point.gap) {
        series.t.push(series.t[last] + 0.001); series.v.push(null); series.lo?.push(null); series.hi?.push(null);
      }
      const to = at > last ? series.t.length : at;
      series.t[to] = point.t; series.v[to] = point.v;
      if (series.lo) { series.lo[to] = point.lo; series.hi[to] = point.hi; }
      // What has left the span on the left is not kept: a page that stays open for a week stays as small as it was.
      const first = data.from - (data.to - data.from) * 0.1;
      let gone = 0;
      while (gone < series.t.length - 2 && series.t[gone + 1] < first) gone++;
      if (gone > 50) for (const list of [series.t, series.v, series.lo, series.hi]) list?.splice(0, gone);
    }
    this.panels.forEach((plot, i) => plot.setData(this.aligned(data.panels[i]), false));
    this.tick();
  }

  // Time goes on also where nothing comes: then the gap grows on the right.
  follow() {
    clearInterval(this.timer);
    if (this.data?.live) {
      const every = Math.max(1000, ((this.data.to - this.data.from) / this.width()) * 1000);
      this.timer = setInterval(() => this.tick(), every);
    }
  }

  tick() {
    const data = this.data;
    if (!data?.live) { this.panels.forEach((plot) => plot.redraw()); return; }
    const length = data.to - data.from;
    data.to = Date.now() / 1000 + this.options.clockOffset;
    data.from = data.to - length;
    this.span(data.from, data.to);
  }

  span(from, to) {
    for (const plot of this.panels) plot.setScale("x", { min: from, max: to });
    this.element.dataset.from = String(Math.round(from));
    this.element.dataset.to = String(Math.round(to));
  }

  shape(data) {
    return JSON.stringify(data.panels.map((p) => [p.unit, p.kind, p.texts, p.series.map((s) => [s.name, !!s.lo])]));
  }

  // Series have times of their own: null is a gap, what another series alone has is none.
  aligned(panel) {
    const tables = panel.series.map((s) => (s.lo ? [s.t, s.v, s.lo, s.hi] : [s.t, s.v]));
    return tables.length === 0 ? [[]] : tables.length === 1 ? tables[0].map((list) => list.slice()) : this.uPlot.join(tables);
  }

  rebuild() {
    for (const plot of this.panels) plot.destroy();
    this.panels = [];
    this.plots.replaceChildren();
    if (!this.data) return;
    this.data.panels.forEach((panel) => {
      const holder = document.createElement("div");
      holder.className = "chart-panel";
      this.plots.append(holder);
      this.panels.push(new this.uPlot(this.plot(panel), this.aligned(panel), holder));
    });
    this.span(this.data.from, this.data.to);
  }

  plot(panel) {
    const { uPlot } = this;
    const isStep = panel.kind !== "number";
    const text = this.colour("--text-2");
    const grid = { stroke: this.colour("--line"), width: 1 };
    const unit = panel.unit ? ` ${panel.unit}` : "";
    const show = (value) => value == null ? "–" : panel.kind === "boolean" ? (value >= 0.5 ? panel.texts[1] : panel.texts[0]) : panel.kind === "enum" ? (panel.texts[Math.round(value)] ?? "?") : numberText(value) + unit;
    const series = [{ value: (_, v) => (v == null ? "–" : timeText(v, this.data.bucket)), label: "Time" }];
    const bands = [];
    panel.series.forEach((field, i) => {
      const colour = this.colour(`--chart-${((panel.first + i) % 6) + 1}`);
      const paths = isStep ? uPlot.paths.stepped({ align: 1 }) : undefined;
      series.push({ label: field.name, scale: "y", stroke: colour, width: 1.5, paths, value: (_, v) => show(v), points: { show: (u, s, from, to) => to - from < 60, size: 5 } });
      if (field.lo) {
        const edge = { scale: "y", stroke: "transparent", paths, points: { show: false }, label: "", class: "chart-edge" };
        series.push({ ...edge }, { ...edge });
        bands.push({ series: [series.length - 1, series.length - 2], fill: colour.replace("rgb(", "rgba(").replace(")", ", 0.22)") });
      }
    });
    const texts = panel.texts ?? [];
    return {
      width: this.width(),
      height: isStep ? Math.max(90, 60 + 18 * texts.length) : this.width() < 500 ? 200 : 240,
      series,
      bands,
      scales: {
        x: { time: true, range: (u, min, max) => [min, max] },
        y: isStep
          ? { range: [-0.2, Math.max(1, texts.length - 1) + 0.2] }
          : { range: (u, min, max) => (min == null ? [0, 1] : uPlot.rangeNum(min, max === min ? min + Math.max(1, Math.abs(min) * 0.01) : max, 0.1, true)) },
      },
      axes: [
        { stroke: text, grid, ticks: grid, values: (u, splits, axis, space, step) => splits.map((s, i) => this.axisTime(s, splits[i - 1], step)) },
        {
          scale: "y", stroke: text, grid, ticks: grid, size: isStep ? 72 : 60,
          label: panel.unit || undefined, labelSize: 20, labelGap: 0,
          splits: isStep ? () => texts.map((_, i) => i) : undefined,
          values: (u, splits) => splits.map((v) => (isStep ? (texts[v] ?? "").slice(0, 10) : numberText(v))),
        },
      ],
      cursor: {
        sync: { key: this.sync.key, setSeries: false },
        drag: { x: true, y: false, uni: 10, setScale: false },
        bind: { dblclick: () => () => { this.reset(); return null; } },
        focus: { prox: -1 },
      },
      legend: { live: true },
      hooks: {
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          const from = u.posToVal(u.select.left, "x");
          const to = u.posToVal(u.select.left + u.select.width, "x");
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          this.zoom(from, to);
        }],
        ready: [(u) => this.quiet(u)],
      },
    };
  }

  // The edges of the band are no fields: they have no place in the legend.
  quiet(u) {
    u.root.querySelectorAll(".u-legend .chart-edge").forEach((row) => row.remove());
  }

  axisTime(seconds, before, step) {
    const at = new Date(seconds * 1000);
    const date = `${pad(at.getDate())}.${pad(at.getMonth() + 1)}.`;
    if (step >= day) return date;
    const time = step < 60 ? `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}` : `${pad(at.getHours())}:${pad(at.getMinutes())}`;
    return before == null || new Date(before * 1000).getDate() !== at.getDate() ? `${time}\n${date}` : time;
  }

  resize() {
    const width = this.width();
    this.panels.forEach((plot) => { if (plot.width !== width) plot.setSize({ width, height: plot.height }); });
  }

  zoom(from, to) {
    if (to - from < 1) return;
    this.page.invokeMethodAsync("Zoomed", Math.round(from * 1000), Math.round(to * 1000));
  }

  reset() {
    this.page.invokeMethodAsync("Unzoomed");
  }

  key(e) {
    if (!this.data || e.ctrlKey || e.metaKey || e.altKey) return;
    const length = this.data.to - this.data.from;
    const middle = this.cursor ?? (this.data.from + this.data.to) / 2;
    switch (e.key) {
      case "ArrowLeft": this.move(-1, e.shiftKey ? 10 : 1); break;
      case "ArrowRight": this.move(1, e.shiftKey ? 10 : 1); break;
      case "Home": this.point(this.times()[0]); break;
      case "End": this.point(this.times().at(-1)); break;
      case "+": case "=": this.zoom(middle - length / 4, middle + length / 4); break;
      case "-": this.zoom(middle - length, Math.min(middle + length, Date.now() / 1000 + this.options.clockOffset)); break;
      case "0": case "Escape": this.reset(); break;
      default: return;
    }
    e.preventDefault();
  }

  times() {
    const all = new Set();
    for (const panel of this.data.panels) for (const s of panel.series) s.t.forEach((t, i) => { if (s.v[i] != null && t >= this.data.from && t <= this.data.to) all.add(t); });
    return [...all].sort((a, b) => a - b);
  }

  move(direction, steps) {
    const times = this.times();
    if (times.length === 0) return;
    let at = this.cursor == null ? (direction > 0 ? -1 : times.length) : times.findIndex((t) => t >= this.cursor);
    if (at < 0) at = times.length;
    this.point(times[Math.min(times.length - 1, Math.max(0, at + direction * steps))]);
  }

  // The cursor of all panels, and what stands there in words: a live region says it.
  point(time) {
    if (time == null) return;
    this.cursor = time;
    const words = [timeText(time, this.data.bucket)];
    this.panels.forEach((plot, i) => {
      const panel = this.data.panels[i];
      plot.setCursor({ left: plot.valToPos(time, "x"), top: plot.over.clientHeight / 2 }, false);
      for (const s of panel.series) {
        const at = s.t.indexOf(time);
        if (at >= 0 && s.v[at] != null) {
          const v = s.v[at];
          words.push(`${s.name} ${panel.kind === "boolean" ? panel.texts[v >= 0.5 ? 1 : 0] : panel.kind === "enum" ? panel.texts[Math.round(v)] : numberText(v)}${panel.unit ? " " + panel.unit : ""}`);
        }
      }
    });
    this.spoken.textContent = words.join(", ");
  }

  dispose() {
    clearInterval(this.timer);
    this.element.removeEventListener("keydown", this.onKey);
    this.scheme.removeEventListener("change", this.onTheme);
    this.themeObserver.disconnect();
    this.sizeObserver.disconnect();
    for (const plot of this.panels) plot.destroy();
    this.panels = [];
    this.data = null;
  }
}

/**
 * Charts in an element that has a place for them (data-plots) and one for words (data-spoken).
 * @param element The element; keys work while it has the focus.
 * @param page Has the methods Zoomed(from, to), in milliseconds, and Unzoomed().
 * @param options library and style: uPlot's addresses; now: the hub's time in milliseconds.
 * @returns The charts, or null where there is no library.
 */
export async function create(element, page, options) {
  const uPlot = await load(options.library, options.style);
  if (!uPlot || !element.isConnected) return null;
  return new Charts(uPlot, element, page, { clockOffset: (options.now - Date.now()) / 1000 });
}
