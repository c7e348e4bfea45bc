// Everyone known: trust, path, latency.
import { call } from '../../api';
import { latency, shortId } from '../../format';
import type { Peer } from '../../types';
import { ShowCommand } from '../../ui/command';
import { attempt } from '../../ui/notice';
import { Table, type Column } from '../../ui/table';
import { t } from './texts';

const SHOWN = 200; // who has more looks with the command line

type Trust = 'trusted' | 'stranger' | 'blocked';

/** Those that are trusted, then those that are connected; each by name. */
function rank(p: Peer): number {
  return (p.trust === 'trusted' ? 0 : 2) + (p.connected ? 0 : 1);
}

/** As it was measured last; or the button that measures it. */
function Latency({ peer: p, again }: { peer: Peer; again: () => void }) {
  if (p.rtt_ms !== null) return <>{latency(p.rtt_ms)}</>;
  if (!p.connected) return <>–</>;
  const measure = () =>
    void attempt(async () => {
      await call('peer.ping', { id: p.id });
      again();
    });
  return (
    <button type="button" class="plain" aria-label={t('measureName', { name: p.name || shortId(p.id) })} onClick={measure}>
      {t('measure')}
    </button>
  );
}

export function Peers({ peers, again }: { peers: readonly Peer[]; again: () => void }) {
  const turn = (method: 'peer.trust' | 'peer.forget', id: string) =>
    void attempt(async () => {
      await call(method, { id });
      again();
    });
  const columns: Column<Peer>[] = [
    { title: t('name'), cell: (p) => <span title={p.id}>{p.name || shortId(p.id)}</span> },
    {
      title: t('trustCol'),
      cell: (p) => (
        <span class={p.trust === 'trusted' ? 'chip good' : p.trust === 'blocked' ? 'chip bad' : 'chip'}>
          {t(`trust.${p.trust as Trust}`)}
        </span>
      ),
    },
    { title: t('path'), cell: (p) => (p.connected ? p.path : t('away')) },
    { title: t('latency'), number: true, cell: (p) => <Latency peer={p} again={again} /> },
    {
      title: t('actions'),
      quiet: true,
      cell: (p) => {
        const known = p.trust !== 'stranger';
        const name = p.name || shortId(p.id);
        return (
          <button
            type="button"
            class="plain"
            aria-label={t(known ? 'forgetName' : 'trustName', { name })}
            onClick={() => turn(known ? 'peer.forget' : 'peer.trust', p.id)}
          >
            {t(known ? 'forget' : 'trust')}
          </button>
        );
      },
    },
  ];
  const rows = [...peers].sort((a, b) => rank(a) - rank(b) || (a.name || a.id).localeCompare(b.name || b.id)).slice(0, SHOWN);
  return (
    <section class="card" aria-labelledby="peers">
      <h2 id="peers">{t('peers')}</h2>
      {rows.length ? (
        <Table caption={t('peers')} columns={columns} rows={rows} keyOf={(p) => p.id} />
      ) : (
        <p class="muted">{t('peers.none')}</p>
      )}
      <ShowCommand line="shoal peer ls" />
    </section>
  );
}
