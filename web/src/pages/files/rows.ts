// All torrents of the node, as compact rows: read once, in pages so that the first is soon there, then
// kept true by the event stream.
//
// Ten thousand of them are common enough.  So a row holds what the table shows and no more, changes
// are gathered and told once a frame, and the table is put in order again only when what it is
// ordered by has changed, at most once a second.
import { signal } from '@preact/signals';
import { call } from '../../api';
import { language } from '../../i18n';
import { listen } from '../../live';
import type { Torrent } from '../../types';

const FIELDS = [
  'id', 'name', 'state', 'reason', 'size', 'progress', 'down_rate', 'up_rate', 'ratio', 'eta_s', 'labels', 'added_s',
] as const;

export type State = Torrent['state'];
export const STATES: readonly State[] = ['downloading', 'seeding', 'paused', 'queued', 'checking', 'metadata', 'error'];

export interface Row {
  id: string;
  name: string;
  state: State;
  reason: string;
  size: number;
  progress: number;
  down_rate: number;
  up_rate: number;
  ratio: number;
  eta_s: number | null;
  labels: string[];
  added_s: number;
}

export type SortKey = 'name' | 'state' | 'size' | 'progress' | 'down_rate' | 'up_rate' | 'ratio' | 'eta_s' | 'added_s';
export interface Order {
  key: SortKey;
  down: boolean;
}
export interface Filter {
  state: State | '';
  label: string;
  words: string;
}

/** Not read yet: null. */
export const all = signal<ReadonlyMap<string, Row> | null>(null);
/** Grows with each frame in which any row changed. */
export const changes = signal(0);
/** Grows when rows came or went, or may have to move. */
export const moves = signal(0);
/** Some are not read yet. */
export const reading = signal(true);
/** Why they could not be read. */
export const failed = signal<unknown>(null);

const rows = new Map<string, Row>();
let ranks: Map<string, number> | null = null; // of names; null: some changed
const collator = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });

const PAGE = 500;
let running: AbortController | null = null;
let spoken = new Set<string>(); // whom the stream spoke of since the reading began: it knows better

interface Page {
  rows: unknown[][];
  cursor: number | null;
}

async function readAll(): Promise<void> {
  running?.abort();
  const { signal } = (running = new AbortController());
  const seen = (spoken = new Set<string>());
  const there = new Set<string>();
  reading.value = true;
  try {
    for (let cursor: number | null = 0; cursor !== null; ) {
      const page: Page = await call<Page, 'file.poll'>('file.poll', { fields: [...FIELDS], limit: PAGE, cursor }, signal);
      for (const values of page.rows) {
        const row = Object.fromEntries(FIELDS.map((name, i) => [name, values[i]])) as unknown as Row;
        there.add(row.id);
        if (!seen.has(row.id)) rows.set(row.id, row);
      }
      ranks = null;
      cursor = page.cursor;
      if (cursor === null) for (const id of rows.keys()) if (!there.has(id) && !seen.has(id)) rows.delete(id);
      failed.value = null;
      reading.value = cursor !== null;
      moved(!all.value || cursor === null);
      all.value = rows;
    }
  } catch (why) {
    if (!signal.aborted) failed.value = why;
  }
}

let painted = 0;
let ordered: ReturnType<typeof setTimeout> | undefined;

function changed(): void {
  painted ||= requestAnimationFrame(() => {
    painted = 0;
    changes.value++;
  });
}

function moved(soon: boolean): void {
  if (soon) {
    clearTimeout(ordered);
    ordered = undefined;
    moves.value++;
  } else {
    ordered ??= setTimeout(() => {
      ordered = undefined;
      moves.value++;
    }, 1000);
  }
}

// Asked for while the rest of the page is still being loaded.
let asked = true;
void readAll();

/** What the stream tells is a row of `file ls`, which writes its time as a date. */
function take(told: Torrent & { labels?: string[] }): void {
  const old = rows.get(told.id);
  const row: Row = {
    id: told.id,
    name: told.name,
    state: told.state,
    reason: told.reason,
    size: told.size,
    progress: told.progress,
    down_rate: told.down_rate,
    up_rate: told.up_rate,
    ratio: told.ratio,
    eta_s: told.eta_s,
    labels: told.labels ?? [],
    added_s: old?.added_s ?? Date.parse(told.added) / 1000,
  };
  rows.set(row.id, row);
  spoken.add(row.id);
  if (old?.name !== row.name) ranks = null;
  changed();
  moved(!old);
}

/** From now on the rows are kept true; what it gives ends that. */
export function follow(): () => void {
  const ends = [
    listen<Torrent>('file.state', (e) => take(e.data), () => void readAll()),
    listen<Torrent>('file.done', (e) => take(e.data)),
    listen('file.removed', (e) => {
      spoken.add(e.id);
      if (rows.delete(e.id)) moved(true);
    }),
  ];
  if (!asked) void readAll();
  asked = false;
  return () => {
    clearTimeout(ordered);
    ordered = undefined;
    for (const end of ends) end();
  };
}

/** Names are compared as people of this language do, which is slow, and so done once for all. */
function nameRanks(): Map<string, number> {
  if (!ranks) {
    const byName = [...rows.values()].sort((a, b) => collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1));
    ranks = new Map(byName.map((row, i) => [row.id, i]));
  }
  return ranks;
}

function compare(key: SortKey, names: Map<string, number>): (a: Row, b: Row) => number {
  const byName = (a: Row, b: Row) => (names.get(a.id) ?? 0) - (names.get(b.id) ?? 0);
  switch (key) {
    case 'name':
      return byName;
    case 'state':
      return (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || byName(a, b);
    case 'eta_s':
      return (a, b) => (a.eta_s ?? Infinity) - (b.eta_s ?? Infinity) || byName(a, b);
    default:
      return (a, b) => a[key] - b[key] || byName(a, b);
  }
}

/** The ids that are to be seen, in order. */
export function pick(filter: Filter, order: Order): string[] {
  const words = filter.words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const seen: Row[] = [];
  for (const row of rows.values()) {
    if (filter.state && row.state !== filter.state) continue;
    if (filter.label && !row.labels.includes(filter.label)) continue;
    if (words.length) {
      const name = row.name.toLocaleLowerCase();
      if (!words.every((w) => name.includes(w) || row.id.startsWith(w))) continue;
    }
    seen.push(row);
  }
  const by = compare(order.key, nameRanks());
  seen.sort(order.down ? (a, b) => by(b, a) : by);
  return seen.map((row) => row.id);
}

/** How many there are of each state, and all labels. */
export function tally(): { states: Map<State, number>; labels: string[] } {
  const states = new Map<State, number>();
  const labels = new Set<string>();
  for (const row of rows.values()) {
    states.set(row.state, (states.get(row.state) ?? 0) + 1);
    for (const label of row.labels) labels.add(label);
  }
  return { states, labels: [...labels].sort(collator.compare) };
}
