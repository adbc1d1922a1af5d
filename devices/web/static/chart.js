// A chart of one value by uPlot, in the page's own colours: its mean, within its least and greatest.
import { T } from "./texts.js";

const HEIGHT = 260;
const LEAST_S = 600; // a few readings of a new device are drawn over ten minutes, not over their milliseconds

/** Draw rows of [ms, least, mean, greatest, count] into a place; return what takes the chart away again. */
export function draw(place, rows, unit) {
  const style = getComputedStyle(place);
  const [ink, line, paper] = ["--dim", "--line", "--accent"].map((name) => style.getPropertyValue(name).trim());
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const band = { stroke: "transparent", points: { show: false } };
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { y: false },
      scales: { x: { range: (_, first, last) => [Math.min(first, last - LEAST_S), last] } },
      axes: [axis, { ...axis, size: 60, label: unit || undefined, labelSize: unit ? 18 : 0 }],
      series: [
        {},
        { ...band, label: T.least },
        { label: T.mean, stroke: paper, width: 2, points: { show: rows.length < 60 } },
        { ...band, label: T.greatest },
      ],
      bands: [{ series: [3, 1], fill: `${paper}33` }],
    },
    [rows.map((row) => row[0] / 1000), ...[1, 2, 3].map((at) => rows.map((row) => row[at]))],
    place,
  );
  const watch = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT }));
  watch.observe(place);
  return () => {
    watch.disconnect();
    chart.destroy();
  };
}
