// The five things that run now and move most.
import { call } from '../../api';
import { bytes, duration, percent, rate } from '../../format';
import { jobs } from '../../live';
import type { Torrent, Transfer } from '../../types';
import { useLoaded } from '../../ui/load';
import { t } from './texts';

const TOP = 5;

interface Item {
  key: string;
  name: string;
  part: number | null; // of one; null: nobody knows
  says: string;
  rate: number;
  href: string | null;
}

function ofTorrent(torrent: Torrent): Item {
  const left = torrent.eta_s === null ? torrent.reason : t('work.left', { time: duration(torrent.eta_s) });
  return {
    key: torrent.id,
    name: torrent.name || torrent.id,
    part: torrent.progress,
    says: [torrent.down_rate ? rate(torrent.down_rate) : '', left].filter(Boolean).join(' · '),
    rate: torrent.down_rate + torrent.up_rate,
    href: `/ui/files?id=${torrent.id}`,
  };
}

function ofTransfer(transfer: Transfer): Item {
  const name = transfer.name ?? transfer.code ?? transfer.id;
  return {
    key: transfer.id,
    name: t(transfer.direction === 'send' ? 'sending' : 'receiving', { name }),
    part: transfer.size ? transfer.done / transfer.size : null,
    says: transfer.state === 'running' ? rate(transfer.rate) : (transfer.reason ?? ''),
    rate: transfer.rate,
    href: null,
  };
}

/** Downloads and transfers, busiest first, then jobs. */
function useWork(): Item[] {
  const torrents = useLoaded(
    (signal) => call<Torrent[], 'file.ls'>('file.ls', { state: 'downloading' }, signal),
    'file.',
    3000,
  );
  const transfers = useLoaded(
    (signal) => call<Transfer[], 'file.transfer-ls'>('file.transfer-ls', {}, signal),
    'file.transfer',
  );
  const moving = [
    ...(torrents.value.value ?? []).map(ofTorrent),
    ...(transfers.value.value ?? []).filter((x) => x.state === 'running' || x.state === 'checking').map(ofTransfer),
  ].sort((a, b) => b.rate - a.rate || (a.name < b.name ? -1 : 1));
  const running = jobs.value
    .filter((j) => j.state === 'running')
    .map((j): Item => {
      const sized = j.unit === 'bytes';
      const says = j.total ? `${sized ? bytes(j.done) : j.done} / ${sized ? bytes(j.total) : j.total}` : '';
      return { key: j.id, name: j.what, part: j.total ? j.done / j.total : null, says, rate: j.rate, href: null };
    });
  return [...running, ...moving].slice(0, TOP);
}

export function Work() {
  const items = useWork();
  if (items.length === 0) return null;
  return (
    <section aria-labelledby="work">
      <h2 id="work">{t('work')}</h2>
      <ul class="card">
        {items.map((item) => (
          <li key={item.key} class="work">
            {item.href ? <a href={item.href}>{item.name}</a> : <span>{item.name}</span>}
            <span class="muted number">{item.part === null ? '' : percent(item.part)}</span>
            <progress class="bar" aria-label={item.name} value={item.part ?? undefined} max={1} />
            <span class="muted small">{item.says}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
