// Who is connected, and by which path.
import { call } from '../../api';
import { latency, shortId } from '../../format';
import { status } from '../../live';
import type { Peer } from '../../types';
import { useLoaded } from '../../ui/load';
import { Table } from '../../ui/table';
import { t } from './texts';

const SHOWN = 8;

export function Peers() {
  const { value } = useLoaded((signal) => call<Peer[], 'peer.ls'>('peer.ls', {}, signal), 'peer.', 5000);
  const peers = (value.value ?? []).filter((p) => p.connected);
  const swarm = status.value?.files?.peers ?? 0;
  return (
    <section aria-labelledby="peers">
      <h2 id="peers">{t('peers')}</h2>
      <div class="card">
        {value.value && peers.length === 0 && <p class="muted">{t('peers.none')}</p>}
        {peers.length > 0 && (
          <Table
            caption={t('peers')}
            rows={peers.slice(0, SHOWN)}
            keyOf={(p) => p.id}
            columns={[
              { title: t('peer'), cell: (p) => p.name || shortId(p.id) },
              { title: t('path'), cell: (p) => p.path },
              { title: t('latency'), number: true, cell: (p) => (p.rtt_ms === null ? '–' : latency(p.rtt_ms)) },
            ]}
          />
        )}
        {swarm > 0 && <p class="muted small">{t('peers.swarm', { n: swarm })}</p>}
        <a href="/ui/connect">{t('peers.all')}</a>
      </div>
    </section>
  );
}
