// Health: what the doctor says, how the node is reached, and its log.
import { call } from '../../api';
import { count } from '../../format';
import { startedAt, status } from '../../live';
import type { NetStat, Torrent } from '../../types';
import { t as shared } from '../../texts';
import { Copy, ShowCommand } from '../../ui/command';
import { Icon, type IconName } from '../../ui/icons';
import { useLoaded } from '../../ui/load';
import { Table, type Column } from '../../ui/table';
import { checks, type Check, type Verdict } from './checks';
import './health.css';
import { Log } from './log';
import { t } from './texts';

const ICONS: Record<Verdict, IconName> = { good: 'check', part: 'more', bad: 'warn' };

const COLUMNS: Column<Check>[] = [
  { title: t('check'), cell: (c) => c.name },
  {
    title: t('result'),
    cell: (c) => (
      <span>
        <span class={`chip ${c.verdict}`}>
          <Icon name={ICONS[c.verdict]} />
          {t(c.verdict)}
        </span>{' '}
        {c.says}
      </span>
    ),
  },
  { title: t('next'), cell: (c) => c.next },
];

function Checks() {
  const s = status.value;
  const { value } = useLoaded((signal) => call<Torrent[], 'file.ls'>('file.ls', { state: 'error' }, signal), 'file.', 10_000);
  return (
    <section class="card" aria-labelledby="checks">
      <h2 id="checks">{t('checks')}</h2>
      {s ? (
        <Table caption={t('checks')} columns={COLUMNS} rows={checks(s, startedAt.value, value.value ?? [])} keyOf={(c) => c.name + c.says} />
      ) : (
        <p class="muted">{shared('loading')}</p>
      )}
      <ShowCommand line="shoal doctor" />
    </section>
  );
}

function Details() {
  const s = status.value;
  const { value } = useLoaded((signal) => call<NetStat, 'net.stat'>('net.stat', {}, signal), undefined, 5000);
  const net = value.value;
  if (!s) return null;
  return (
    <section class="card" aria-labelledby="details">
      <h2 id="details">{t('details')}</h2>
      <dl class="facts">
        <dt>{t('id')}</dt>
        <dd>
          <code>{s.peer_id}</code> <Copy text={s.peer_id} />
        </dd>
        <dt>{t('listen')}</dt>
        <dd>
          <ul>
            {s.listen.map((at) => (
              <li key={at}>
                <code>{at.replace(/\/p2p\/.*/, '')}</code>
              </li>
            ))}
          </ul>
        </dd>
        <dt>{t('api')}</dt>
        <dd>
          <code>{s.api.http}</code>
        </dd>
        {net && (
          <>
            <dt>{t('dialled')}</dt>
            <dd>{net.reachable.length ? net.reachable.join(', ') : t('nowhere')}</dd>
            <dt>{t('connections')}</dt>
            <dd>{count(net.connections)}</dd>
            <dt>{t('table')}</dt>
            <dd>{count(net.table + net.shoal_table)}</dd>
          </>
        )}
      </dl>
      <ShowCommand line="shoal net stat" />
    </section>
  );
}

export function Health() {
  return (
    <>
      <h1>{shared('page.health')}</h1>
      <Checks />
      <Details />
      <Log />
    </>
  );
}
