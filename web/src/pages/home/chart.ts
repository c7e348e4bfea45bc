// The chart of a day, in the page's colours; drawn anew when its room or the theme changes.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { bytes, rate } from '../../format';
import { locale } from '../../i18n';
import type { Day } from '../../types';
import { t } from './texts';

const HEIGHT = 180;

/** Rates at the middle of each step; a whole day, whatever of it is known. */
function dataOf(day: Day): uPlot.AlignedData {
  const n = day.up.length;
  const rates = (sums: number[]) => sums.map((s) => s / day.step_s);
  return [Array.from({ length: n }, (_, i) => day.from + (i + 0.5) * day.step_s), rates(day.down), rates(day.up)];
}

function optionsOf(box: HTMLElement, day: Day): uPlot.Options {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 } };
  const end = day.from + day.up.length * day.step_s;
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  const line = (label: string, stroke: string, dash?: number[]): uPlot.Series => ({
    label,
    stroke,
    width: 2,
    ...(dash ? { dash } : { fill: colour('--accent-soft') }),
    value: (_, v) => (v === null ? '' : rate(v)),
  });
  return {
    width: box.clientWidth,
    height: HEIGHT,
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: true, range: [end - 24 * 3600, end] }, y: { range: (_, __, max) => [0, Math.max(max, 1024)] } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((s) => clock.format(s * 1000)) },
      { ...axis, size: 70, values: (_, splits) => splits.map((s) => bytes(s)) },
    ],
    series: [
      { value: (_, v) => (v === null ? '' : clock.format(v * 1000)) },
      line(t('day.down'), colour('--accent')),
      line(t('day.up'), colour('--part'), [6, 4]), // not by colour alone
    ],
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
