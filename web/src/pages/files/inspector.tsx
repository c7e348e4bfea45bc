// All of one torrent: what it is, which pieces are here, and one part of it at a time.
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { call } from '../../api';
import { bytes, dateTime, percent, rate, duration } from '../../format';
import { t as shared } from '../../texts';
import type { Torrent } from '../../types';
import { Copy, ShowCommand } from '../../ui/command';
import { Icon } from '../../ui/icons';
import { useLoaded } from '../../ui/load';
import { attempt, Problem } from '../../ui/notice';
import { type Column, Table } from '../../ui/table';
import { Limits } from './limits';
import { PassOn } from './pass';
import { type Pieces, PiecesBar } from './pieces';
import type { Row } from './rows';
import { t } from './texts';

const LOOK_MS = 2000;
const FILES_STEP = 200;

export interface Shown extends Torrent {
  up_limit: number;
  down_limit: number;
  ratio_limit: number | null;
  ratio_limit_from: string;
  weight: 'low' | 'normal' | 'high';
  pieces?: Pieces;
  files?: File[];
  peer_list?: Peer[];
  trackers?: Tracker[];
}

type Priority = 'skip' | 'low' | 'normal' | 'high';
const PRIORITIES: readonly Priority[] = ['skip', 'low', 'normal', 'high'];

interface File {
  index: number;
  path: string;
  size: number;
  progress: number;
  priority: Priority;
}

interface Peer {
  addr: string;
  client: string;
  incoming: boolean;
  transport: string;
  encrypted: string;
  progress: number;
  up_rate: number;
  down_rate: number;
}

interface Tracker {
  url: string;
  state: string;
  error: string;
  seeders: number;
  leechers: number;
  next_s: number | null;
}

type Part = 'files' | 'peers' | 'trackers' | 'pieces';

function useShown(id: string, part: Part) {
  return useLoaded((signal) => call<Shown, 'file.show'>('file.show', { id, [part]: true }, signal), undefined, LOOK_MS);
}

function Files({ id }: { id: string }) {
  const loaded = useShown(id, 'files');
  const shown = useSignal(FILES_STEP);
  const files = loaded.value.value?.files;
  if (loaded.why.value && !files) return <Problem why={loaded.why.value} again={() => void loaded.again()} />;
  if (!files) return <p class="muted">{shared('loading')}</p>;
  if (!files.length) return <p class="muted">{t('files.none')}</p>;
  const set = (file: File, priority: Priority) =>
    void attempt(() => call('file.set', { id, [priority]: [`#${file.index}`] })).then(loaded.again);
  const columns: Column<File>[] = [
    {
      title: t('files.name'),
      cell: (f) => (
        <>
          {f.progress === 1 ? (
            <a href={`/files/${id}/${f.path.split('/').map(encodeURIComponent).join('/')}`} target="_blank" rel="noreferrer"
              aria-label={t('files.open', { name: f.path })}>
              {f.path}
            </a>
          ) : (
            f.path
          )}
          <span class="muted small"> {bytes(f.size)}</span>
        </>
      ),
    },
    { title: t('files.done'), number: true, cell: (f) => percent(f.progress) },
    {
      title: t('files.priority'),
      cell: (f) => (
        <select aria-label={t('files.priorityOf', { name: f.path })} value={f.priority}
          onChange={(e) => set(f, e.currentTarget.value as Priority)}>
          {PRIORITIES.map((p) => (
            <option key={p} value={p}>
              {t(`files.${p}`)}
            </option>
          ))}
        </select>
      ),
    },
  ];
  return (
    <>
      <Table caption={t('tab.files')} columns={columns} rows={files.slice(0, shown.value)} keyOf={(f) => String(f.index)} />
      {files.length > shown.value && (
        <button type="button" onClick={() => (shown.value += FILES_STEP)}>
          {t('files.more', { n: Math.min(FILES_STEP, files.length - shown.value) })}
        </button>
      )}
    </>
  );
}

function Peers({ id }: { id: string }) {
  const peers = useShown(id, 'peers').value.value?.peer_list;
  if (!peers) return <p class="muted">{shared('loading')}</p>;
  if (!peers.length) return <p class="muted">{t('peers.none')}</p>;
  const path = (p: Peer) =>
    [p.transport === 'utp' ? 'µTP' : 'TCP', t(p.incoming ? 'peers.in' : 'peers.out'), p.encrypted && p.encrypted !== 'no' ? t('peers.secret') : '']
      .filter(Boolean)
      .join(', ');
  const columns: Column<Peer>[] = [
    { title: t('peers.address'), cell: (p) => <span class="mono">{p.addr}</span> },
    { title: t('peers.client'), cell: (p) => p.client || '?' },
    { title: t('peers.path'), cell: path },
    { title: t('peers.has'), number: true, cell: (p) => percent(p.progress) },
    { title: t('col.down_rate'), number: true, cell: (p) => (p.down_rate ? rate(p.down_rate) : '–') },
    { title: t('col.up_rate'), number: true, cell: (p) => (p.up_rate ? rate(p.up_rate) : '–') },
  ];
  return <Table caption={t('tab.peers')} columns={columns} rows={peers} keyOf={(p) => p.addr} />;
}

function Trackers({ id }: { id: string }) {
  const loaded = useShown(id, 'trackers');
  const trackers = loaded.value.value?.trackers;
  if (!trackers) return <p class="muted">{shared('loading')}</p>;
  if (!trackers.length) return <p class="muted">{t('trackers.none')}</p>;
  const columns: Column<Tracker>[] = [
    { title: t('trackers.url'), cell: (r) => r.url },
    { title: t('trackers.state'), cell: (r) => r.error || r.state },
    { title: t('trackers.seen'), number: true, cell: (r) => (r.seeders < 0 ? '–' : `${r.seeders}, ${Math.max(0, r.leechers)}`) },
    { title: t('trackers.next'), number: true, cell: (r) => (r.next_s === null ? '–' : duration(r.next_s)) },
  ];
  return (
    <>
      <Table caption={t('tab.trackers')} columns={columns} rows={trackers} keyOf={(r) => r.url} />
      <button type="button" onClick={() => void attempt(() => call('file.reannounce', { id })).then(loaded.again)}>
        {t('trackers.ask')}
      </button>
    </>
  );
}

const TABS = ['files', 'peers', 'trackers', 'limits'] as const;
type Tab = (typeof TABS)[number];

function Tabs({ id }: { id: string }) {
  const at = useSignal<Tab>('files');
  const own = useId();
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    at.value = TABS[(TABS.indexOf(at.value) + step + TABS.length) % TABS.length]!;
    document.getElementById(`${own}-${at.value}`)?.focus();
    event.preventDefault();
  };
  return (
    <>
      <div role="tablist" class="tabs" aria-label={t('one.parts')} onKeyDown={onKeyDown}>
        {TABS.map((tab) => (
          <button key={tab} id={`${own}-${tab}`} type="button" role="tab" aria-selected={at.value === tab} aria-controls={`${own}-panel`}
            tabIndex={at.value === tab ? 0 : -1} onClick={() => (at.value = tab)}>
            {t(`tab.${tab}`)}
          </button>
        ))}
      </div>
      <div id={`${own}-panel`} role="tabpanel" class="panel" aria-labelledby={`${own}-${at.value}`}>
        {at.value === 'files' && <Files key={id} id={id} />}
        {at.value === 'peers' && <Peers key={id} id={id} />}
        {at.value === 'trackers' && <Trackers key={id} id={id} />}
        {at.value === 'limits' && <Limits key={id} id={id} />}
      </div>
    </>
  );
}

function Facts({ of }: { of: Shown }) {
  return (
    <dl class="facts small">
      <dt>{t('one.size')}</dt>
      <dd>{bytes(of.size)}</dd>
      <dt>{t('one.moved')}</dt>
      <dd>{t('one.movedWhat', { down: bytes(of.downloaded), up: bytes(of.uploaded) })}</dd>
      <dt>{t('one.folder')}</dt>
      <dd>{of.dir}</dd>
      <dt>{t('one.added')}</dt>
      <dd>{dateTime(of.added)}</dd>
      <dt>{t('one.hash')}</dt>
      <dd class="hash">
        <code>{of.infohash_v1 ?? of.infohash_v2}</code> <Copy text={of.infohash_v1 ?? of.infohash_v2 ?? of.id} />
      </dd>
    </dl>
  );
}

interface Props {
  row: Row;
  onClose: () => void;
  onPause: () => void;
  onRemove: () => void;
}

export function Inspector({ row, onClose, onPause, onRemove }: Props) {
  const loaded = useShown(row.id, 'pieces');
  const passing = useSignal(false);
  const one = loaded.value.value;
  return (
    <section class="card inspector" aria-label={t('one.label', { name: row.name })}>
      <header class="head">
        <h2>{row.name}</h2>
        <button type="button" class="plain" aria-label={shared('close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p>
        {t(`state.${row.state}`)} · {percent(row.progress)}
        {row.reason && row.reason !== row.state && <span class="muted"> · {row.reason}</span>}
      </p>
      {one?.pieces?.count ? <PiecesBar pieces={one.pieces} /> : null}
      <div class="row">
        <button type="button" onClick={onPause}>
          <Icon name={row.state === 'paused' ? 'play' : 'pause'} /> {t(row.state === 'paused' ? 'resume' : 'pause')}
        </button>
        <button type="button" disabled={!one} onClick={() => (passing.value = true)}>
          <Icon name="link" /> {t('pass')}
        </button>
        <button type="button" onClick={onRemove}>
          <Icon name="close" /> {shared('remove')}
        </button>
      </div>
      {one && <Facts of={one} />}
      <Tabs id={row.id} />
      <ShowCommand line={`shoal file show ${row.id}`} />
      {passing.value && one && <PassOn name={one.name} magnet={one.magnet} onClose={() => (passing.value = false)} />}
    </section>
  );
}
