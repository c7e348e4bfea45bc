// What this machine lends: its address (exit) and its traffic (relay).  Both are off until asked for.
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { call } from '../../api';
import { bytes, dateTime } from '../../format';
import type { ConnectStatus, NetStat, Peer, Setting } from '../../types';
import { ShowCommand } from '../../ui/command';
import { useLoaded } from '../../ui/load';
import { attempt, say } from '../../ui/notice';
import { People } from './people';
import { t } from './texts';

interface Props {
  exit: ConnectStatus['exit'];
  peers: readonly Peer[];
  done: () => void;
}

function Exit({ exit, peers, done }: Props) {
  const to = useSignal<readonly string[]>([]);
  const turn = (state: 'on' | 'off') =>
    void attempt(async () => {
      await call('connect.exit', state === 'on' && to.value.length ? { state, to: [...to.value] } : { state });
      done();
    });
  return (
    <section class="card" aria-labelledby="exit">
      <h2 id="exit">{t('exit')}</h2>
      <p class="muted">{t('exit.why')}</p>
      <p>
        {exit.on ? t('exit.on', { n: exit.connections ?? 0, until: exit.until ? dateTime(exit.until) : '–' }) : t('exit.off')}
      </p>
      {!exit.on && <People label={t('exit.to')} peers={peers} chosen={to} />}
      <button type="button" onClick={() => turn(exit.on ? 'off' : 'on')}>
        {t(exit.on ? 'exit.turnOff' : 'exit.turnOn')}
      </button>
      <ShowCommand line={exit.on ? 'shoal connect exit off' : 'shoal connect exit on --to PEER'} />
    </section>
  );
}

const RELAY = ['off', 'trusted', 'on'] as const;

function Relay() {
  const id = useId();
  const setting = useLoaded((signal) => call<Setting, 'config.get'>('config.get', { key: 'host.relay' }, signal));
  const stat = useLoaded((signal) => call<NetStat, 'net.stat'>('net.stat', {}, signal), undefined, 5000);
  const s = setting.value.value;
  const n = stat.value.value;
  const choose = (value: string) =>
    void attempt(async () => {
      await call('config.set', { key: 'host.relay', value });
      say(t('relay.saved'));
      await setting.again();
    });
  return (
    <section class="card" aria-labelledby="relay">
      <h2 id="relay">{t('relay')}</h2>
      <p class="muted" id={id}>
        {t('relay.why')}
      </p>
      {s && (
        <select aria-labelledby="relay" aria-describedby={id} value={s.value} onChange={(event) => choose(event.currentTarget.value)}>
          {RELAY.map((value) => (
            <option key={value} value={value}>
              {t(`relay.${value}`)}
            </option>
          ))}
        </select>
      )}
      {n && <p class="muted small">{t('relay.now', { n: n.circuits, size: bytes(n.relayed_bytes) })}</p>}
      <ShowCommand line={`shoal config set host.relay ${s?.value === 'off' ? 'trusted' : 'off'}`} />
    </section>
  );
}

export function Lend(props: Props) {
  return (
    <>
      <Exit {...props} />
      <Relay />
    </>
  );
}
