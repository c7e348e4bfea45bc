// The table of torrents.  Only the rows that can be seen are there; two empty rows stand for those
// above and below, and aria-rowindex says which ones these are.
//
// The focus stays on the table and aria-activedescendant names the row, so that a row which is
// scrolled away does not take the focus with it.
import { useComputed, useSignal, type Signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { bytes, duration, percent, rate } from '../../format';
import { changes, type Order, type Row, type SortKey, all } from './rows';
import { t } from './texts';

const OVERSCAN = 6;
const NARROW = matchMedia('(max-width: 48rem)');

const columns: { key: SortKey; number?: boolean }[] = [
  { key: 'name' },
  { key: 'state' },
  { key: 'progress' },
  { key: 'size', number: true },
  { key: 'down_rate', number: true },
  { key: 'up_rate', number: true },
  { key: 'ratio', number: true },
  { key: 'eta_s', number: true },
];
export const SORT_KEYS: readonly SortKey[] = [...columns.map((c) => c.key), 'added_s'];

const ratios = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function Progress({ row }: { row: Row }) {
  return (
    <span class="progress">
      <span class="track" aria-hidden="true">
        <span class="done" style={{ width: `${(row.progress * 100).toFixed(1)}%` }} />
      </span>
      {percent(row.progress)}
    </span>
  );
}

function cells(row: Row) {
  const why = row.reason && row.reason !== row.state ? row.reason : '';
  return (
    <>
      <th role="rowheader" scope="row" class="name" title={row.name}>
        {row.name}
      </th>
      <td role="gridcell" class="state" title={why}>
        <span class={`mark ${row.state}`} aria-hidden="true" />
        {t(`state.${row.state}`)}
        {why && <span class="why"> · {why}</span>}
      </td>
      <td role="gridcell" class="part">
        <Progress row={row} />
      </td>
      <td role="gridcell" class="number">
        {row.size ? bytes(row.size) : '–'}
      </td>
      <td role="gridcell" class="number">
        {row.down_rate ? rate(row.down_rate) : ''}
      </td>
      <td role="gridcell" class="number">
        {row.up_rate ? rate(row.up_rate) : ''}
      </td>
      <td role="gridcell" class="number">
        {ratios.format(row.ratio)}
      </td>
      <td role="gridcell" class="number">
        {row.eta_s === null ? '' : duration(row.eta_s)}
      </td>
    </>
  );
}

function Gap({ height }: { height: number }) {
  return (
    <tbody role="presentation" aria-hidden="true" class="gap">
      <tr role="presentation">
        <td role="presentation" style={{ height: `${height}px` }} />
      </tr>
    </tbody>
  );
}

interface Props {
  ids: readonly string[];
  order: Signal<Order>;
  /** The row that the keys move, and the inspector may show. */
  active: Signal<string | null>;
  chosen: Signal<ReadonlySet<string>>;
  onOpen: (id: string) => void;
  onRemove: () => void;
}

function Head({ order }: { order: Signal<Order> }) {
  const by = order.value;
  return (
    <thead role="rowgroup">
      <tr role="row" aria-rowindex={1}>
        {columns.map(({ key, number }) => (
          <th
            key={key}
            role="columnheader"
            scope="col"
            class={number ? 'number' : undefined}
            aria-sort={by.key === key ? (by.down ? 'descending' : 'ascending') : undefined}
          >
            <button type="button" onClick={() => (order.value = { key, down: by.key === key ? !by.down : number === true })}>
              {t(`col.${key}`)}
              <span class="arrow" aria-hidden="true">
                {by.key === key ? (by.down ? '↓' : '↑') : ''}
              </span>
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function useNarrow(): boolean {
  const narrow = useSignal(NARROW.matches);
  useEffect(() => {
    const look = () => (narrow.value = NARROW.matches);
    NARROW.addEventListener('change', look);
    return () => NARROW.removeEventListener('change', look);
  }, []);
  return narrow.value;
}

/** Which rows are in sight, and a way to bring one there. */
function useWindow(count: number, height: number, head: number) {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const room = useSignal(600);
  useLayoutEffect(() => {
    const el = box.current!;
    const sized = new ResizeObserver(() => (room.value = el.clientHeight));
    sized.observe(el);
    return () => sized.disconnect();
  }, []);
  // Told in whole rows: a scroll within one row draws nothing anew.
  const first = useComputed(() => Math.max(0, Math.floor(top.value / height) - OVERSCAN)).value;
  const last = Math.min(count, first + Math.ceil(room.value / height) + 2 * OVERSCAN);
  const show = (at: number) => {
    const el = box.current!;
    const from = at * height;
    if (from < el.scrollTop) el.scrollTop = from;
    else if (from + height > el.scrollTop + el.clientHeight - head) el.scrollTop = from + height - el.clientHeight + head;
  };
  const page = Math.max(1, Math.floor((room.value - head) / height) - 1);
  return { box, first: Math.min(first, Math.max(0, count - 1)), last, show, page, onScroll: () => (top.value = box.current!.scrollTop) };
}

export function Torrents({ ids, order, active, chosen, onOpen, onRemove }: Props) {
  const id = useId();
  const narrow = useNarrow();
  const height = narrow ? 68 : 38;
  const head = narrow ? 0 : 34;
  const { box, first, last, show, page, onScroll } = useWindow(ids.length, height, head);
  void changes.value; // rows are drawn again with each frame that changed one
  const rows = all.value!;
  const at = active.value ? ids.indexOf(active.value) : -1;

  const choose = (from: number, to: number, more: boolean) => {
    const next = new Set(more ? chosen.value : []);
    for (let i = Math.min(from, to); i <= Math.max(from, to); i++) next.add(ids[i]!);
    chosen.value = next;
  };
  const toggle = (one: string) => {
    const next = new Set(chosen.value);
    if (!next.delete(one)) next.add(one);
    chosen.value = next;
  };
  const go = (to: number, extend: boolean) => {
    const there = Math.max(0, Math.min(ids.length - 1, to));
    if (extend) choose(Math.max(at, 0), there, true);
    else chosen.value = new Set();
    active.value = ids[there] ?? null;
    show(there);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== box.current) return; // a button of the head
    if (event.key === 'ArrowDown') go(at + 1, event.shiftKey);
    else if (event.key === 'ArrowUp') go(at - 1, event.shiftKey);
    else if (event.key === 'PageDown') go(at + page, event.shiftKey);
    else if (event.key === 'PageUp') go(at - page, event.shiftKey);
    else if (event.key === 'Home') go(0, event.shiftKey);
    else if (event.key === 'End') go(ids.length - 1, event.shiftKey);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) choose(0, ids.length - 1, false);
    else if (event.key === ' ' && at >= 0) toggle(ids[at]!);
    else if (event.key === 'Enter' && at >= 0) onOpen(ids[at]!);
    else if (event.key === 'Delete' && at >= 0) onRemove();
    else if (event.key === 'Escape' && chosen.value.size) chosen.value = new Set();
    else return;
    event.preventDefault();
  };
  const onClick = (event: MouseEvent) => {
    const index = (event.target as Element).closest<HTMLElement>('tr[data-at]')?.dataset['at'];
    if (index === undefined) return;
    const to = Number(index);
    if (event.shiftKey) choose(Math.max(at, 0), to, false);
    else if (event.ctrlKey || event.metaKey) toggle(ids[to]!);
    else {
      chosen.value = new Set();
      onOpen(ids[to]!);
    }
    active.value = ids[to]!;
  };

  return (
    <div
      class="torrents"
      ref={box}
      role="grid"
      tabIndex={0}
      aria-label={t('caption')}
      aria-describedby={`${id}-keys`}
      aria-rowcount={ids.length + 1}
      aria-colcount={columns.length}
      aria-multiselectable="true"
      aria-activedescendant={at >= first && at < last ? `${id}-${at}` : undefined}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <p id={`${id}-keys`} hidden>
        {t('keys')}
      </p>
      <table role="presentation">
        <Head order={order} />
        <Gap height={first * height} />
        <tbody role="rowgroup">
          {ids.slice(first, last).map((one, i) => {
            const row = rows.get(one);
            const index = first + i;
            return row ? (
              <tr
                key={one}
                id={`${id}-${index}`}
                role="row"
                data-at={index}
                aria-rowindex={index + 2}
                aria-selected={chosen.value.has(one)}
                class={one === active.value ? 'active' : undefined}
              >
                {cells(row)}
              </tr>
            ) : null;
          })}
        </tbody>
        <Gap height={(ids.length - last) * height} />
      </table>
    </div>
  );
}
