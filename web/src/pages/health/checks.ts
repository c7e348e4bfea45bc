// What `shoal doctor` looks at, of the node's status.  Pure.
import { bytes, dateTime } from '../../format';
import type { Status, Torrent } from '../../types';
import { t } from './texts';

export type Verdict = 'good' | 'part' | 'bad';

export interface Check {
  name: string;
  verdict: Verdict;
  says: string;
  next: string | null;
}

const LOW_DISK = 2 * 1024 ** 3;
const FULL_DISK = 200 * 1024 ** 2;

function check(name: string, verdict: Verdict, says: string, next: string | null = null): Check {
  return { name, verdict, says, next: verdict === 'good' ? null : next };
}

function reach(s: Status): Check {
  switch (s.host?.reach) {
    case 'public':
      return check(t('reach'), 'good', t('reach.public'));
    case 'private':
      return check(t('reach'), 'part', t('reach.private'), t('reach.next'));
    default:
      return check(t('reach'), 'part', t('reach.unknown'));
  }
}

/** A router that does not forward is no trouble: peers are dialled all the same. */
function router(files: NonNullable<Status['files']>): Check {
  const m = files.port_mapping;
  switch (m.state) {
    case 'mapped':
      return check(t('router'), 'good', t('router.mapped', { how: m.how, external: m.external ?? '' }));
    case 'failed':
      return check(t('router'), 'part', t('router.failed', { error: m.error }), t('reach.next'));
    case 'asking':
      return check(t('router'), 'good', t('router.asking'));
    default:
      return check(t('router'), 'good', t('router.off'));
  }
}

function dht(files: NonNullable<Status['files']>): Check {
  const n = files.dht.nodes + files.dht.nodes_ipv6;
  if (!files.dht.enabled) return check(t('dht'), 'good', t('dht.off'));
  if (n === 0) return check(t('dht'), 'part', files.dht.reason ?? t('dht.none'), t('dht.next'));
  return check(t('dht'), 'good', t('dht.good', { n }));
}

function disk(d: NonNullable<Status['disk']>): Check {
  const verdict = d.free < FULL_DISK ? 'bad' : d.free < LOW_DISK ? 'part' : 'good';
  return check(t('disk'), verdict, t('disk.good', { size: bytes(d.free), path: d.path }), t('disk.next'));
}

/** started: when the node was, in ms since 1970; troubled: the torrents that are in error. */
export function checks(s: Status, started: number, troubled: readonly Torrent[]): Check[] {
  const out = [check(t('node'), 'good', t('node.good', { time: dateTime(started), version: s.version })), reach(s)];
  if (s.files) out.push(router(s.files), dht(s.files));
  if (s.host) {
    const n = s.host.peers;
    out.push(check(t('overlay'), n ? 'good' : 'part', n ? t('overlay.good', { n }) : t('overlay.none'), t('overlay.next')));
  }
  if (s.disk) out.push(disk(s.disk));
  for (const one of troubled)
    out.push(check(t('torrents'), 'bad', t('torrents.bad', { name: one.name, error: one.error ?? one.reason }), t('torrents.next')));
  if (troubled.length === 0) out.push(check(t('torrents'), 'good', t('torrents.good')));
  return out;
}
