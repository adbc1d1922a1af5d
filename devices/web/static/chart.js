// A chart of one value by uPlot, in the page's own colours: its mean, within its least and greatest.
import { when } from "./format.js";
import { T } from "./texts.js";

const HEIGHT = 260;
const DAY_S = 86400;
const LEAST_S = 600; // a few readings of a new device are drawn over ten minutes; uPlot puts years around a lone one, or counts milliseconds

/** Draw rows of [ms, least, mean, greatest, count] into a place; return what takes the chart away again. */
export function draw(place, rows, unit) {
  const style = getComputedStyle(place);
  const [ink, line, paper] = ["--dim", "--line", "--accent"].map((name) => style.getPropertyValue(name).trim());
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const band = { stroke: "transparent", points: { show: false } };
  const times = rows.map((row) => row[0] / 1000);
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { y: false },
      scales: { x: { range: [Math.min(times[0], times.at(-1) - LEAST_S), times.at(-1)] } },
      axes: [{ ...axis, values: stamps }, { ...axis, size: 60, label: unit || undefined, labelSize: unit ? 18 : 0 }],
      series: [
        { label: T.time, value: (_, s) => (s ? when(s * 1000) : "") },
        { ...band, label: T.least },
        { label: T.mean, stroke: paper, width: 2, points: { show: rows.length < 60 } },
        { ...band, label: T.greatest },
      ],
      bands: [{ series: [3, 1], fill: `${paper}33` }],
    },
    [times, ...[1, 2, 3].map((at) => rows.map((row) => row[at]))],
    place,
  );
  const watch = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT }));
  watch.observe(place);
  return () => {
    watch.disconnect();
    chart.destroy();
  };
}

/** What stands at the lines of the time, in the browser's own way; below it the day, where one begins. */
function stamps(_, splits, __, ___, step_s) {
  return splits.map((s, at) => {
    const now = new Date(s * 1000);
    if (step_s >= 28 * DAY_S) return now.toLocaleDateString([], { month: "short", year: "numeric" });
    const day = now.toLocaleDateString([], { day: "numeric", month: "short" });
    if (step_s >= DAY_S) return day;
    const time = now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...(step_s < 60 && { second: "2-digit" }) });
    return at && new Date(splits[at - 1] * 1000).getDate() === now.getDate() ? time : `${time}\n${day}`;
  });
}
