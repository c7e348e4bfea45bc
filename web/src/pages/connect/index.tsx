// Connect: what this machine offers, what it reaches, what it lends, and the peers with their paths.
import { call } from '../../api';
import type { ConnectStatus, Entry, Peer } from '../../types';
import { t as shared } from '../../texts';
import { EmptyState } from '../../ui/empty';
import { useLoaded } from '../../ui/load';
import { attempt, Problem, say } from '../../ui/notice';
import { Table, type Column } from '../../ui/table';
import { ShowCommand } from '../../ui/command';
import './connect.css';
import { Expose, Forward, Socks } from './forms';
import { nameOf } from './people';
import { Lend } from './lend';
import { Network } from './network';
import { Peers } from './peers';
import { t } from './texts';

function Remove({ entry, done }: { entry: Entry; done: () => void }) {
  const remove = () =>
    void attempt(async () => {
      await call('connect.rm', { id: entry.id });
      say(t('removed', { name: entry.name }));
      done();
    });
  return (
    <button type="button" class="plain" aria-label={t('removeName', { name: entry.name })} onClick={remove}>
      {shared('remove')}
    </button>
  );
}

interface Part {
  entries: readonly Entry[];
  done: () => void;
}

function Services({ entries, peers, done }: Part & { peers: readonly Peer[] }) {
  const columns: Column<Entry>[] = [
    { title: t('name'), cell: (e) => e.name },
    { title: t('at'), cell: (e) => <code>{e.at}</code> },
    { title: t('for'), cell: (e) => (e.to?.length ? e.to.map((id) => nameOf(peers, id)).join(', ') : t('all')) },
    { title: t('now'), number: true, cell: (e) => e.connections },
    { title: t('actions'), quiet: true, cell: (e) => <Remove entry={e} done={done} /> },
  ];
  return (
    <section class="card" aria-labelledby="services">
      <h2 id="services">{t('services')}</h2>
      {entries.length ? (
        <Table caption={t('services')} columns={columns} rows={entries} keyOf={(e) => e.id} />
      ) : (
        <p class="muted">{t('services.none')}</p>
      )}
      <ShowCommand line="shoal connect ls" />
    </section>
  );
}

function Doors({ entries, done }: Part) {
  const columns: Column<Entry>[] = [
    { title: t('name'), cell: (e) => e.name },
    { title: t('kind'), cell: (e) => t(e.kind === 'socks' ? 'kind.socks' : 'kind.forward') },
    { title: t('at'), cell: (e) => <code>{e.at}</code> },
    { title: t('path'), cell: (e) => e.path || '–' },
    { title: t('state'), cell: (e) => e.state },
    { title: t('now'), number: true, cell: (e) => e.connections },
    { title: t('actions'), quiet: true, cell: (e) => <Remove entry={e} done={done} /> },
  ];
  return (
    <section class="card" aria-labelledby="doors">
      <h2 id="doors">{t('doors')}</h2>
      {entries.length ? (
        <Table caption={t('doors')} columns={columns} rows={entries} keyOf={(e) => e.id} />
      ) : (
        <p class="muted">{t('doors.none')}</p>
      )}
    </section>
  );
}

const EVERY_MS = 5000; // paths and latencies, which no event tells

export function Connect() {
  const now = useLoaded((signal) => call<ConnectStatus, 'connect.status'>('connect.status', {}, signal), 'connect.', EVERY_MS);
  const peers = useLoaded((signal) => call<Peer[], 'peer.ls'>('peer.ls', {}, signal), 'peer.', EVERY_MS);
  const s = now.value.value;
  const known = peers.value.value ?? [];
  const done = () => void now.again();
  const services = s?.entries.filter((e) => e.kind === 'service') ?? [];
  const doors = s?.entries.filter((e) => e.kind !== 'service') ?? [];
  return (
    <>
      <h1>{shared('page.connect')}</h1>
      {now.why.value && !s ? <Problem why={now.why.value} again={done} /> : null}
      {s && !s.overlay && <Problem why={t('off')} />}
      {s && s.entries.length === 0 && (
        <EmptyState icon="connect" title={t('empty')} why={t('empty.why')} command="shoal connect expose 8080 --as web --to attic">
          <a class="button main" href="#expose">
            {t('expose')}
          </a>
        </EmptyState>
      )}
      {s && s.entries.length > 0 && (
        <>
          <Services entries={services} peers={known} done={done} />
          <Doors entries={doors} done={done} />
        </>
      )}
      <Peers peers={known} again={() => void peers.again()} />
      {s?.overlay && <Network network={s.network} peers={known} done={done} />}
      <div class="two">
        <Expose peers={known} done={done} />
        <Forward peers={known} done={done} />
        <Socks peers={known} done={done} />
        {s && <Lend exit={s.exit} peers={known} done={done} />}
      </div>
    </>
  );
}
