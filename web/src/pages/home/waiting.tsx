// Cards of what waits for an answer: machines that knock, files that are offered, a disk that fills.
import { call } from '../../api';
import { ago, bytes, shortId } from '../../format';
import { status } from '../../live';
import type { ConnectRequest, Transfer } from '../../types';
import { ShowCommand } from '../../ui/command';
import { useLoaded } from '../../ui/load';
import { attempt, say } from '../../ui/notice';
import { t } from './texts';

const LOW_DISK = 2 * 1024 ** 3;

function Knock({ request }: { request: ConnectRequest }) {
  const answer = (method: 'peer.trust' | 'peer.block', done: string) =>
    void attempt(async () => {
      await call(method, { id: request.peer });
      say(done);
    });
  return (
    <li class="card">
      <h3>{t('knock', { name: shortId(request.peer), what: request.what })}</h3>
      <p>
        <code>{request.peer}</code>
      </p>
      <p class="muted">{t('knock.why')}</p>
      <p class="muted small">{t('knock.when', { when: ago(request.at), n: request.times })}</p>
      <div class="row">
        <button type="button" class="main" onClick={() => answer('peer.trust', t('trusted'))}>
          {t('trust')}
        </button>
        <button type="button" onClick={() => answer('peer.block', t('blocked'))}>
          {t('block')}
        </button>
      </div>
      <ShowCommand line={request.next} />
    </li>
  );
}

function Offer({ transfer }: { transfer: Transfer }) {
  const answer = (method: 'file.transfer-accept' | 'file.transfer-cancel') =>
    void attempt(() => call(method, { id: transfer.id }));
  return (
    <li class="card">
      <h3>
        {t('offer', {
          name: transfer.peer_name || (transfer.peer ? shortId(transfer.peer) : t('someone')),
          file: transfer.name ?? '',
          size: bytes(transfer.size ?? 0),
        })}
      </h3>
      <div class="row">
        <button type="button" class="main" onClick={() => answer('file.transfer-accept')}>
          {t('accept')}
        </button>
        <button type="button" onClick={() => answer('file.transfer-cancel')}>
          {t('refuse')}
        </button>
      </div>
      <ShowCommand line={`shoal file transfer accept ${transfer.id}`} />
    </li>
  );
}

function LowDisk({ free }: { free: number }) {
  return (
    <li class="card">
      <h3>{t('disk', { size: bytes(free) })}</h3>
      <p class="muted">{t('disk.why')}</p>
      <a href="/ui/files">{t('disk.go')}</a>
    </li>
  );
}

export function Waiting() {
  const { value } = useLoaded((signal) => call<Transfer[], 'file.transfer-ls'>('file.transfer-ls', {}, signal), 'file.transfer');
  const requests = status.value?.connect?.requests ?? [];
  const offers = (value.value ?? []).filter((o) => o.direction === 'receive' && o.state === 'offered');
  const free = status.value?.disk?.free;
  const low = free !== undefined && free < LOW_DISK;
  if (requests.length + offers.length === 0 && !low) return null;
  return (
    <section id="waiting" aria-labelledby="waiting-title">
      <h2 id="waiting-title">{t('waiting')}</h2>
      <ul class="cards wide">
        {requests.map((r) => (
          <Knock key={`${r.peer} ${r.what}`} request={r} />
        ))}
        {offers.map((o) => (
          <Offer key={o.id} transfer={o} />
        ))}
        {low && <LowDisk free={free} />}
      </ul>
    </section>
  );
}
