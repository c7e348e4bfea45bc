// The private network: an interface of this machine with an address for each peer, and which ports of
// this machine they may reach there.
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { call } from '../../api';
import { latency, shortId } from '../../format';
import type { ConnectStatus, NetworkGrant, NetworkPeer, Peer } from '../../types';
import { t as shared } from '../../texts';
import { Copy, quoted, ShowCommand } from '../../ui/command';
import { Field } from '../../ui/field';
import { attempt } from '../../ui/notice';
import { Table, type Column } from '../../ui/table';
import { nameOf, People } from './people';
import { t } from './texts';

interface Props {
  network: ConnectStatus['network'];
  peers: readonly Peer[];
  done: () => void;
}

/** As the command line takes them: 8080, 8000-8010, 53/udp. */
const portsOf = (g: NetworkGrant): string =>
  `${g.first === g.last ? g.first : `${g.first}-${g.last}`}${g.kind === 'udp' ? '/udp' : ''}`;

/** Who has no name is called by the whole id, which is too long to look at. */
const known = (p: { peer: string; name: string }): string => (p.name && p.name !== p.peer ? p.name : shortId(p.peer));

const peerColumns: Column<NetworkPeer>[] = [
  { title: t('name'), cell: (p) => <span title={p.peer}>{known(p)}</span> },
  {
    title: t('network.address'),
    cell: (p) => (
      <span class="address">
        <code>{p.address}</code>
        <Copy text={p.address} />
      </span>
    ),
  },
  { title: t('state'), cell: (p) => p.state },
  { title: t('path'), cell: (p) => p.path ?? '–' },
  { title: t('latency'), number: true, cell: (p) => (p.latency_ms === null ? '–' : latency(p.latency_ms)) },
];

/** What is let in, and a form to let in more. */
function Ports({ network, peers, done }: Props) {
  const id = useId();
  const peer = useSignal('');
  const ports = useSignal('');
  const trusted = peers.filter((p) => p.trust === 'trusted');
  const allow = (event: Event) => {
    event.preventDefault();
    void attempt(async () => {
      await call('connect.network-allow', { peer: peer.value, port: ports.value.split(/[\s,]+/).filter(Boolean) });
      ports.value = '';
      done();
    });
  };
  const deny = (g: NetworkGrant) =>
    void attempt(async () => {
      await call('connect.network-deny', { peer: g.peer, port: [portsOf(g)] });
      done();
    });
  const columns: Column<NetworkGrant>[] = [
    { title: t('name'), cell: (g) => <span title={g.peer}>{known(g)}</span> },
    { title: t('network.ports'), cell: (g) => <code>{portsOf(g)}</code> },
    {
      title: t('actions'),
      quiet: true,
      cell: (g) => (
        <button type="button" class="plain" aria-label={t('network.denyName', { name: known(g), ports: portsOf(g) })} onClick={() => deny(g)}>
          {shared('remove')}
        </button>
      ),
    },
  ];
  return (
    <>
      <h3>{t('network.allowed')}</h3>
      {network.allowed?.length ? (
        <Table caption={t('network.allowed')} columns={columns} rows={network.allowed} keyOf={(g) => `${g.peer} ${portsOf(g)}`} />
      ) : (
        <p class="muted">{t('network.closed')}</p>
      )}
      {trusted.length > 0 && (
        <form class="ports" onSubmit={allow}>
          <div class="field">
            <label for={id}>{t('network.who')}</label>
            <select id={id} required value={peer.value} onChange={(event) => (peer.value = event.currentTarget.value)}>
              <option value="" />
              {trusted.map((p) => (
                <option key={p.id} value={p.id}>
                  {p.name || shortId(p.id)}
                </option>
              ))}
            </select>
          </div>
          <Field label={t('network.ports')} hint={t('network.portsHint')} value={ports.value} onInput={(v) => (ports.value = v)} required />
          <button type="submit">{t('network.allow')}</button>
          <ShowCommand
            line={`shoal connect network allow ${quoted(peer.value ? nameOf(peers, peer.value) : 'PEER')} ${ports.value || '22'}`}
          />
        </form>
      )}
    </>
  );
}

export function Network({ network, peers, done }: Props) {
  const to = useSignal<readonly string[]>([]);
  const busy = useSignal(false);
  const turn = async (state: 'on' | 'off') => {
    busy.value = true;
    await attempt(() => call('connect.network', state === 'on' && to.value.length ? { state, to: [...to.value] } : { state }));
    busy.value = false;
    done();
  };
  const flags = to.value.map((id) => ` --to ${quoted(nameOf(peers, id))}`).join('');
  return (
    <section class="card" aria-labelledby="network">
      <h2 id="network">{t('network')}</h2>
      <p class="muted">{t('network.why')}</p>
      {network.on ? (
        <p>
          {network.interface
            ? t('network.up', { interface: network.interface })
            : t('network.wants', { state: network.state ?? '' })}
        </p>
      ) : (
        <>
          <p>{t('network.off')}</p>
          <People label={t('network.to')} peers={peers} chosen={to} />
        </>
      )}
      {network.address && (
        <p class="address">
          {t('network.own')} <code>{network.address}</code>
          <Copy text={network.address} />
        </p>
      )}
      {network.on &&
        (network.peers?.length ? (
          <Table caption={t('network.peers')} columns={peerColumns} rows={network.peers} keyOf={(p) => p.peer} />
        ) : (
          <p class="muted">{t('network.none')}</p>
        ))}
      <button type="button" class="own" disabled={busy.value} onClick={() => void turn(network.on ? 'off' : 'on')}>
        {t(network.on ? 'network.turnOff' : 'network.turnOn')}
      </button>
      <ShowCommand line={`shoal connect network ${network.on ? 'off' : `on${flags}`}`} />
      {network.on && <Ports network={network} peers={peers} done={done} />}
    </section>
  );
}
