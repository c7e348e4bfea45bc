// What the node tells of documents, and how their members are called.
import { signal } from '@preact/signals';
import { shortId } from '../../format';
import { status } from '../../live';
import { t } from './texts';

export type Role = 'owner' | 'writer' | 'reader';

/** A row of `doc ls`. */
export interface Doc {
  id: string;
  title: string;
  role: Role;
  created: string | null;
  changed: string | null;
  author: string | null;
  bytes: number;
  present: number;
}

export interface Here {
  name: string | null;
  color: string | null;
}

export interface Member {
  peer: string;
  name: string;
  role: Role;
  self: boolean;
  connected: boolean;
  seen: string | null;
}

/** What `doc show` tells. */
export interface DocMore extends Doc {
  writable: boolean;
  revisions: number;
  members: Member[];
  here: Here[];
}

export interface Revision {
  revision: number;
  at: string | null;
  author: string;
  bytes: number;
}

/** Peers' names, as far as they are known. */
export const names = signal<ReadonlyMap<string, string>>(new Map());

export function learn(people: Iterable<{ id: string; name: string }>): void {
  const next = new Map(names.value);
  for (const { id, name } of people) if (name) next.set(id, name);
  names.value = next;
}

export function nameOf(peer: string | null): string {
  if (!peer) return '?';
  if (peer === status.value?.peer_id) return t('you');
  return names.value.get(peer) ?? shortId(peer);
}

export const titleOf = (doc: { title: string }): string => doc.title || t('untitled');
