// The chart of a day, in the page's colours; drawn anew when its room or the theme changes.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { rate } from '../../format';
import { locale } from '../../i18n';
import type { Day } from '../../types';

const HEIGHT = 180;
const SHORTEST_S = 2 * 3600; // a young node's few minutes are not a line of one pixel

/** A rate for each step from its beginning on; nothing before the first and after the last. */
function dataOf(day: Day): uPlot.AlignedData {
  const rates = (sums: number[]) => [0, ...sums.map((s) => s / day.step_s), 0];
  return [Array.from({ length: day.up.length + 2 }, (_, i) => day.from + (i - 1) * day.step_s), rates(day.down), rates(day.up)];
}

function optionsOf(box: HTMLElement, day: Day): uPlot.Options {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 } };
  const end = day.from + day.up.length * day.step_s;
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const paths = uPlot.paths.stepped!({ align: 1 });
  const line = (stroke: string, more: Partial<uPlot.Series>): uPlot.Series => ({ stroke, paths, width: 2, points: { show: false }, ...more });
  return {
    width: box.clientWidth,
    height: HEIGHT,
    cursor: { show: false },
    scales: { x: { time: true, range: [Math.min(day.from, end - SHORTEST_S), end] }, y: { range: (_, __, max) => [0, Math.max(max, 1024)] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((s) => clock.format(s * 1000)) },
      { ...axis, size: 90, values: (_, splits) => splits.map((s) => rate(s)) },
    ],
    series: [{}, line(colour('--accent'), { fill: colour('--accent-soft') }), line(colour('--part'), { dash: [6, 4] })],
    legend: { show: false },
  };
}

/** Returns what takes it away. */
export function draw(box: HTMLElement, day: Day): () => void {
  let plot: uPlot | null = null;
  const anew = () => {
    plot?.destroy();
    plot = new uPlot(optionsOf(box, day), dataOf(day), box);
  };
  anew();
  const width = new ResizeObserver(() => plot && plot.width !== box.clientWidth && plot.setSize({ width: box.clientWidth, height: HEIGHT }));
  width.observe(box);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', anew);
  return () => {
    width.disconnect();
    dark.removeEventListener('change', anew);
    plot?.destroy();
  };
}
