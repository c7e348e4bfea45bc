// What the node says by itself: one event stream for the whole page, and the store made of it.
//
// First comes a snapshot, then deltas (doc/API.md, "Events").  After a cut the browser asks again by
// itself with Last-Event-ID and gets what it missed.  A page that nobody looks at lets its stream
// go: a browser has only six connections for one address, and ten tabs would take them all.
import { batch, computed, signal } from '@preact/signals';
import { ApiError, call, signOut } from './api';
import type { Job, Status } from './types';

export const status = signal<Status | null>(null);
/** When the node was started, in milliseconds since 1970. */
export const startedAt = signal(0);
export const jobs = signal<readonly Job[]>([]);

/** starting: nothing is known yet; lost: the node does not answer; out: this browser has no key. */
export type Link = 'starting' | 'up' | 'lost' | 'out';
export const link = signal<Link>('starting');

/** An event of the node: `{type: 'file.state', id: <what it is about>, data}`. */
export interface NodeEvent<Data = unknown> {
  type: string;
  id: string;
  data: Data;
}

type Listener = (event: NodeEvent) => void;
interface Listening {
  prefix: string;
  tell: Listener;
  fresh: (() => void) | undefined;
}

const listeners = new Set<Listening>();
let stream: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;
let waitMs = 500;

/**
 * Be told of events whose type begins with `prefix`, which must be listed in TYPES below.  `fresh` is
 * called after each snapshot: what was known before may be stale, so read it again.  Returns what
 * ends it.
 */
export function listen<Data = unknown>(
  prefix: string,
  tell: (event: NodeEvent<Data>) => void,
  fresh?: () => void,
): () => void {
  const mine: Listening = { prefix, tell: tell as Listener, fresh };
  listeners.add(mine);
  return () => listeners.delete(mine);
}

// EventSource hands out only events whose names it was told.
const TYPES = [
  'job.progress',
  'job.done',
  'job.failed',
  'file.state',
  'file.done',
  'file.removed',
  'file.transfer',
  'files.port_mapping',
  'peer.trust',
  'connect.request',
  'connect.exit',
  'doc.changed',
  'doc.removed',
  'doc.presence',
  'doc.member',
];

function dispatch(event: NodeEvent): void {
  if (event.type.startsWith('job.')) onJob(event as NodeEvent<Job>);
  for (const l of listeners) if (event.type.startsWith(l.prefix)) l.tell(event);
}

/** The node's status: the members that are others than before. */
function onStatus(event: MessageEvent<string>): void {
  const { data } = JSON.parse(event.data) as NodeEvent<Partial<Status>>;
  if (status.value) status.value = { ...status.value, ...data };
}

function onJob({ data }: NodeEvent<Job>): void {
  const known = jobs.value.some((j) => j.id === data.id);
  jobs.value = known ? jobs.value.map((j) => (j.id === data.id ? data : j)) : [...jobs.value, data];
}

function onSnapshot(event: MessageEvent<string>): void {
  const now = JSON.parse(event.data) as { status: Status; jobs: Job[] };
  waitMs = 500;
  batch(() => {
    status.value = now.status;
    jobs.value = now.jobs;
    startedAt.value = Date.now() - now.status.uptime_s * 1000;
    link.value = 'up';
  });
  for (const l of listeners) l.fresh?.();
}

/** The stream is over and will not come back by itself: is it the key, or the node? */
async function askAgain(): Promise<void> {
  clearTimeout(retry);
  try {
    await call('node.status');
    open();
  } catch (why) {
    const out = why instanceof ApiError && why.signedOut;
    link.value = out ? 'out' : 'lost';
    retry = setTimeout(() => void askAgain(), out ? 3000 : waitMs);
    waitMs = Math.min(waitMs * 2, 8000);
  }
}

function onError(): void {
  if (!stream) return;
  if (stream.readyState === EventSource.CLOSED) {
    close();
    void askAgain();
  } else if (link.value === 'up') {
    link.value = 'lost'; // the browser dials again
  }
}

function close(): void {
  stream?.close();
  stream = null;
}

function open(): void {
  close();
  stream = new EventSource('/api/v1/events');
  stream.addEventListener('open', () => {
    if (status.value) link.value = 'up'; // resumed: no snapshot comes
  });
  stream.addEventListener('snapshot', onSnapshot);
  stream.addEventListener('node.status', onStatus);
  for (const type of TYPES)
    stream.addEventListener(type, (event) => dispatch(JSON.parse((event as MessageEvent<string>).data) as NodeEvent));
  stream.addEventListener('error', onError);
}

const HIDDEN_MS = 20_000;
const tabs = new BroadcastChannel('shoal'); // the others of this browser are signed out, too

/** Without a key the stream would go on: it was opened with one. */
function lookAgain(): void {
  close();
  void askAgain();
}

export async function leave(): Promise<void> {
  await signOut();
  tabs.postMessage('out');
  lookAgain();
}

/** Begin; once, when the page is there. */
export function start(): void {
  void askAgain();
  tabs.onmessage = lookAgain;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(close, HIDDEN_MS);
    else if (!stream) void askAgain();
  });
}

/** How well is the node?  With the reason, since a colour alone says nothing. */
export type Health = 'good' | 'part' | 'bad';
export const health = computed<Health>(() => {
  const s = status.value;
  if (link.value === 'lost' || link.value === 'out') return 'bad';
  if (!s) return 'part';
  const alone = (s.files?.peers ?? 0) + (s.host?.peers ?? 0) === 0 && (s.files?.dht.nodes ?? 0) === 0;
  return alone || s.host?.reach === 'private' ? 'part' : 'good';
});
