// What the node's methods give, as far as the pages look at it.  Sizes are bytes, rates bytes a
// second, times RFC 3339.

export interface Traffic {
  up_rate: number;
  down_rate: number;
  uploaded: number;
  downloaded: number;
}

export interface Dht {
  enabled: boolean;
  nodes: number;
  nodes_ipv6: number;
  good: number;
  reason: string | null;
}

export interface PortMapping {
  state: string;
  how: string;
  error: string;
  external: string | null;
}

export interface Status {
  version: string;
  peer_id: string;
  name: string;
  uptime_s: number;
  listen: string[];
  api: { http: string; socket: string };
  host?: { peers: number; relayed: number; reach: string };
  files?: {
    port: number;
    torrents: number;
    peers: number;
    up_rate: number;
    down_rate: number;
    dht: Dht;
    port_mapping: PortMapping;
  };
  connect?: ConnectStatus;
  traffic: Traffic;
  disk?: { free: number; path: string } | null;
}

export interface Job {
  id: string;
  kind: string;
  what: string;
  state: 'running' | 'done' | 'failed';
  done: number;
  total: number;
  unit: string;
  rate: number;
  result?: unknown;
  error?: { code: string; message: string; next?: string };
}

export interface Peer {
  id: string;
  name: string;
  trust: string;
  agent: string;
  connected: boolean;
  address: string | null;
  direction: string | null;
  path: string | null;
  connections: number;
  rtt_ms: number | null;
}

/** A row of `file ls`. */
export interface Torrent {
  id: string;
  infohash_v1: string | null;
  infohash_v2: string | null;
  name: string;
  state: 'metadata' | 'checking' | 'downloading' | 'seeding' | 'queued' | 'paused' | 'error';
  reason: string;
  size: number;
  done: number;
  wanted: number;
  left: number;
  progress: number;
  up_rate: number;
  down_rate: number;
  uploaded: number;
  downloaded: number;
  ratio: number;
  eta_s: number | null;
  peers: number;
  seeds: number;
  error: string | null;
  blocked: boolean;
  dir: string;
  added: string;
  magnet: string;
  private: boolean;
  sequential: boolean;
}

/** A row of `connect ls`: a service that others reach, or a door of this machine to one of theirs. */
export interface Entry {
  id: string;
  kind: 'service' | 'forward' | 'socks' | string;
  name: string;
  at: string;
  state: string;
  connections: number;
  protocol?: string;
  to?: string[]; // ids; none: all that are trusted
  path?: string;
  peer?: string;
  service?: string;
  port?: number;
  via?: string | null;
}

/** Somebody whom nothing was opened for has knocked. */
export interface ConnectRequest {
  peer: string;
  what: string;
  at: string;
  times: number;
  next: string;
}

export interface NetworkPeer {
  peer: string;
  name: string;
  address: string;
  state: string;
  path: string | null;
  latency_ms: number | null;
}

/** Ports of this machine that a peer may reach. */
export interface NetworkGrant {
  peer: string;
  name: string;
  kind: 'tcp' | 'udp' | string;
  first: number;
  last: number;
}

/** The private network; without an overlay it is off, and nothing else is said. */
export interface Network {
  on: boolean;
  state?: string;
  address?: string;
  interface?: string | null;
  to?: string[];
  allowed?: NetworkGrant[];
  peers?: NetworkPeer[];
}

export interface ConnectStatus {
  overlay: boolean;
  entries: Entry[];
  exit: { on: boolean; allow?: string[]; rate?: number; until?: string | null; connections?: number };
  network: Network;
  requests: ConnectRequest[];
}

export interface Setting {
  key: string;
  value: string;
  set: boolean;
  default: string;
  type: string; // text, bool, int, bytes, rate, time, choice, list
  choices: string; // "a|b|c"
  help: string;
  live: boolean;
  restart_needed?: boolean;
}

export interface LogLine {
  n: number;
  time: string;
  level: 'debug' | 'info' | 'warn' | 'error';
  text: string;
}

/** A sum for each step of the last day, oldest first; `from` in seconds since 1970. */
export interface Day {
  step_s: number;
  from: number;
  up: number[];
  down: number[];
}

/** A file that goes from hand to hand. */
export interface Transfer {
  id: string;
  direction: string;
  state: 'waiting' | 'seeking' | 'offered' | 'running' | 'checking' | 'done' | 'ended';
  reason: string | null;
  code: string | null;
  name: string | null;
  size: number | null;
  done: number;
  rate: number;
  eta_s: number | null;
  peer: string | null;
  peer_name: string | null;
}

/** Of `net stat`, what is shown. */
export interface NetStat {
  reach: string;
  reachable: string[];
  unreachable: string[];
  table: number;
  shoal_table: number;
  relaying: boolean;
  circuits: number;
  relayed_bytes: number;
  connections: number;
}
