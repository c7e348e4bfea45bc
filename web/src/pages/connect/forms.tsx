// The forms: offer a service, reach one, be a proxy.  Each shows the command that does the same.
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { call } from '../../api';
import { shortId } from '../../format';
import type { Entry, Peer } from '../../types';
import { quoted, ShowCommand } from '../../ui/command';
import { Field } from '../../ui/field';
import { attempt, say } from '../../ui/notice';
import { nameOf, People } from './people';
import { t } from './texts';

interface Props {
  peers: readonly Peer[];
  done: () => void;
}

export function Expose({ peers, done }: Props) {
  const port = useSignal('');
  const as = useSignal('');
  const to = useSignal<readonly string[]>([]);
  const submit = (event: Event) => {
    event.preventDefault();
    void attempt(async () => {
      const entry = await call<Entry, 'connect.expose'>('connect.expose', { port: port.value, as: as.value, to: [...to.value] });
      say(t('expose.done', { name: entry.name }));
      port.value = as.value = '';
      done();
    });
  };
  const flags = to.value.map((id) => ` --to ${quoted(nameOf(peers, id))}`).join('');
  return (
    <form id="expose" class="card" onSubmit={submit}>
      <h2>{t('expose')}</h2>
      <Field label={t('expose.port')} hint={t('expose.portHint')} value={port.value} onInput={(v) => (port.value = v)} required />
      <Field label={t('expose.as')} value={as.value} onInput={(v) => (as.value = v)} required />
      <People label={t('expose.to')} peers={peers} chosen={to} />
      <button type="submit" class="main">
        {t('expose')}
      </button>
      <ShowCommand line={`shoal connect expose ${quoted(port.value || 'PORT')} --as ${quoted(as.value || 'NAME')}${flags}`} />
    </form>
  );
}

export function Forward({ peers, done }: Props) {
  const peer = useSignal('');
  const name = useSignal('');
  const port = useSignal('0');
  const submit = (event: Event) => {
    event.preventDefault();
    void attempt(async () => {
      const service = `${peer.value}/${name.value}`;
      const entry = await call<Entry, 'connect.forward'>('connect.forward', { service, port: port.value });
      say(t('forward.done', { at: entry.at }));
      name.value = '';
      done();
    });
  };
  const words = `${quoted(`${peer.value || 'PEER'}/${name.value || 'NAME'}`)} ${quoted(port.value || '0')}`;
  return (
    <form class="card" onSubmit={submit}>
      <h2>{t('forward')}</h2>
      <Field
        label={t('forward.peer')}
        hint={t('forward.peerHint')}
        value={peer.value}
        onInput={(v) => (peer.value = v)}
        choices={peers.filter((p) => p.trust !== 'blocked').map((p) => p.name || p.id)}
        required
      />
      <Field label={t('forward.name')} value={name.value} onInput={(v) => (name.value = v)} required />
      <Field label={t('forward.port')} hint={t('forward.portHint')} value={port.value} onInput={(v) => (port.value = v)} required />
      <button type="submit" class="main">
        {t('forward')}
      </button>
      <ShowCommand line={`shoal connect forward ${words}`} />
    </form>
  );
}

export function Socks({ peers, done }: Props) {
  const id = useId();
  const via = useSignal('');
  const submit = (event: Event) => {
    event.preventDefault();
    void attempt(async () => {
      const entry = await call<Entry, 'connect.socks'>('connect.socks', via.value ? { via: via.value } : {});
      say(t('socks.done', { at: entry.at }));
      done();
    });
  };
  const trusted = peers.filter((p) => p.trust === 'trusted');
  return (
    <form class="card" onSubmit={submit}>
      <h2>{t('socks')}</h2>
      <p class="muted">{t('socks.why')}</p>
      <div class="field">
        <label for={id}>{t('socks.via')}</label>
        <select id={id} value={via.value} onChange={(event) => (via.value = event.currentTarget.value)}>
          <option value="">{t('socks.any')}</option>
          {trusted.map((p) => (
            <option key={p.id} value={p.id}>
              {p.name || shortId(p.id)}
            </option>
          ))}
        </select>
      </div>
      <button type="submit">{t('socks')}</button>
      <ShowCommand line={`shoal connect socks${via.value ? ` --via ${quoted(nameOf(peers, via.value))}` : ''}`} />
    </form>
  );
}
