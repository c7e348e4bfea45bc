// Sizes, rates, times: numbers as the reader writes them, units as the command line does.
import { language, locale } from './i18n';

const number = [0, 1, 2].map((digits) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits }));
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function count(n: number): string {
  return number[0]!.format(n);
}

/** 3355443 is "3.2 MiB". */
export function bytes(n: number): string {
  let at = 0;
  while (n >= 1000 && at < units.length - 1) {
    n /= 1024;
    at++;
  }
  return `${number[at === 0 || n >= 100 ? 0 : 1]!.format(n)}\u00a0${units[at]}`;
}

export function rate(n: number): string {
  return `${bytes(n)}/s`;
}

const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });

/** A part of one.  Only what is whole says 100 %. */
export function percent(part: number): string {
  return percents.format(part < 1 ? Math.min(part, 0.99) : 1);
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** 8100 is "2 h 15 min". */
export function duration(seconds: number): string {
  const out: string[] = [];
  for (const [unit, length] of steps) {
    const n = Math.floor(seconds / length);
    if (n === 0 && !(unit === 'second' && out.length === 0)) {
      if (out.length) break;
      continue;
    }
    seconds -= n * length;
    out.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(n));
    if (out.length === 2) break;
  }
  return out.join(' ');
}

const ages = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });

/** "3 minutes ago", "yesterday". */
export function ago(time: string, now = Date.now()): string {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  for (const [unit, length] of steps)
    if (Math.abs(seconds) >= length || unit === 'second') return ages.format(Math.trunc(seconds / length), unit);
  return '';
}

const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

export function timeOfDay(time: string): string {
  return clock.format(new Date(time));
}

export function dateTime(time: string | number): string {
  return day.format(new Date(time));
}

const ms = new Intl.NumberFormat(locale, { style: 'unit', unit: 'millisecond', maximumFractionDigits: 1 });

export function latency(n: number): string {
  return ms.format(n);
}

/** A long id as people tell it apart: "12D3KooW…v9Qz". */
export function shortId(id: string): string {
  return id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}
