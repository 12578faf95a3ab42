// Draws charts of tables. What is drawn stands in the table, and stays there for those who cannot see the chart:
//
//   <figure class="chart"><table data-chart="lines" data-unit="%" data-thresholds="5:alert,15:slowed"> ...
//
// Times stand in the first column, each further one is a line: its name in the head, its values in `data-value`.
"use strict";

(() => {
  const HEIGHT = 240;
  const LINES = 6; // as many colours as dashboard.css has for them; then the dashes change
  const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const valueOf = (cell) => {
    const text = cell?.dataset.value ?? "";
    return text === "" ? null : Number(text);
  };

  // Columns as uPlot wants them, oldest first, and the names of the lines.
  const read = (table) => {
    const heads = [...(table.tHead?.rows[0]?.cells ?? [])].slice(1);
    const rows = [...(table.tBodies[0]?.rows ?? [])]
      .map((row) => ({ at: Date.parse(row.querySelector("time")?.dateTime) / 1000, cells: [...row.cells].slice(1) }))
      .filter((row) => !Number.isNaN(row.at))
      .sort((one, other) => one.at - other.at);
    const values = heads.map((_, column) => rows.map((row) => valueOf(row.cells[column])));
    return { names: heads.map((head) => head.textContent.trim()), columns: [rows.map((row) => row.at), ...values] };
  };

  const thresholdsOf = (table) =>
    (table.dataset.thresholds ?? "").split(",").filter(Boolean).map((each) => {
      const at = each.indexOf(":");
      return { value: Number(at < 0 ? each : each.slice(0, at)), name: at < 0 ? "" : each.slice(at + 1) };
    });

  // The lowest threshold is always to be seen, those far above the values are not.
  const top = (table, most) => {
    const values = thresholdsOf(table).map((each) => each.value);
    const near = values.filter((value) => value === Math.min(...values) || value <= 2 * most);
    const highest = Math.max(most ?? 0, ...near);
    return highest > 0 ? 1.12 * highest : 1;
  };

  const amount = (value, unit) => {
    if (value === null || value === undefined) return "–";
    const text = value.toLocaleString("en", { maximumFractionDigits: 2 });
    return unit ? `${text} ${unit}` : text;
  };

  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const times = (plot, splits, axis, space, step) =>
    splits.map((at, place) => {
      const moment = new Date(at * 1000);
      const day = moment.toLocaleDateString(undefined, { day: "numeric", month: "short" });
      if (step >= 86400) return day;
      const time = moment.toLocaleTimeString(undefined, step < 60 ? { ...clock, second: "2-digit" } : clock);
      const before = place > 0 ? new Date(splits[place - 1] * 1000) : new Date(); // today need not be said
      return before.toDateString() !== moment.toDateString() ? `${time}\n${day}` : time;
    });

  const drawThresholds = (table) => (plot) => {
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio;
    ctx.save();
    ctx.font = `${12 * scale}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.fillStyle = ctx.strokeStyle = colour("--refusal");
    ctx.lineWidth = Math.round(scale);
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    for (const { value, name } of thresholdsOf(table)) {
      if (value > plot.scales.y.max) continue;
      const y = Math.round(plot.valToPos(value, "y", true)) + (ctx.lineWidth % 2) / 2; // sharp: on whole pixels
      ctx.setLineDash([4 * scale, 4 * scale]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.fillText(`${name} ${amount(value, table.dataset.unit)}`.trim(), bbox.left + 6 * scale, y - 2 * scale);
    }
    ctx.restore();
  };

  const options = (table, names, width) => {
    const unit = table.dataset.unit ?? "";
    const axis = { stroke: colour("--faint"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { show: false } };
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    return {
      width,
      height: HEIGHT,
      scales: { y: { range: (plot, least, most) => [0, top(table, most)] } },
      axes: [
        { ...axis, font, space: 70, size: 46, values: times },
        { ...axis, font, size: 64, values: (plot, splits) => splits.map((value) => amount(value, unit)) },
      ],
      series: [
        { label: "Time", value: (plot, at) => (at === null ? "–" : new Date(at * 1000).toLocaleString()) },
        ...names.map((label, line) => ({
          label,
          stroke: colour(`--line-${(line % LINES) + 1}`),
          dash: DASHES[Math.floor(line / LINES) % DASHES.length],
          width: 2,
          value: (plot, value) => amount(value, unit),
          points: { size: 6, fill: colour("--paper") },
        })),
      ],
      cursor: { drag: { x: false, y: false }, y: false },
      legend: { isolate: false },
      hooks: { draw: [drawThresholds(table)] },
    };
  };

  const drawn = new Map(); // figure -> what was drawn into it

  const nameOf = (figure, table) =>
    (figure.querySelector("figcaption") ?? table.caption)?.textContent.trim().replace(/\s+/g, " ") ?? "";

  // By their ids parts.js knows that the table was open, or had the focus, when its part comes anew.
  const idOf = (figure) => figure.id || `chart-${[...document.querySelectorAll("figure.chart")].indexOf(figure)}`;

  const frame = (figure, table) => {
    const name = nameOf(figure, table);
    const holder = document.createElement("div");
    holder.className = "drawing";
    holder.setAttribute("role", "img");
    holder.setAttribute("aria-label", `${name ? `${name}: a` : "A"} chart of the table below it`);
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = "The numbers";
    details.id = `${idOf(figure)}-numbers`;
    summary.id = `${details.id}-open`;
    const scroll = table.closest(".scroll");
    const whole = scroll && figure.contains(scroll) ? scroll : table;
    whole.before(holder, details);
    details.append(summary, whole);
    return holder;
  };

  const draw = (figure) => {
    const table = figure.querySelector("table[data-chart]");
    if (!table) return;
    const { names, columns } = read(table);
    if (columns[0].length < 2 || !names.length) return; // a line needs two points
    const holder = drawn.get(figure)?.holder ?? frame(figure, table);
    drawn.get(figure)?.plot.destroy();
    const plot = new uPlot(options(table, names, holder.clientWidth), columns, holder);
    plot.root.setAttribute("aria-hidden", "true"); // its legend is a table, and there is one with the numbers
    drawn.set(figure, { holder, plot });
    resized.observe(holder);
  };

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const width = target.clientWidth;
      const { plot } = drawn.get(target.closest("figure")) ?? {};
      if (plot && width && plot.width !== width) plot.setSize({ width, height: HEIGHT });
    }
  });

  // Figures that went with their part would be held for ever.
  const forget = () => {
    for (const [figure, { holder, plot }] of drawn) {
      if (figure.isConnected) continue;
      resized.unobserve(holder);
      plot.destroy();
      drawn.delete(figure);
    }
  };

  const drawIn = (root) => {
    forget();
    root.querySelectorAll("figure.chart").forEach(draw);
  };

  if (!window.uPlot) return;
  document.addEventListener("DOMContentLoaded", () => drawIn(document));
  document.addEventListener("parts", (event) => drawIn(event.target));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawIn(document));
})();
