// A document kept the same as the node's, over its y-websocket endpoint (/docs/ID).
//
// Edits never wait for the node.  Those that it has not taken yet are also kept in this browser, so
// that a tab that is closed while the node is away loses nothing.  The node is asked now and then
// what it has: its answer comes after all that was sent before, and what it has then is saved.
import { signal } from '@preact/signals';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import { readAuthMessage } from 'y-protocols/auth';
import * as sync from 'y-protocols/sync';
import * as Y from 'yjs';
import * as drafts from './drafts';

const SYNC = 0;
const AWARENESS = 1;
const AUTH = 2;
const ASK_AWARENESS = 3;

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5000;
const QUIET_MS = 400; // after the last edit the node is asked what it has
const SILENCE_MS = 35_000; // a connection that says nothing for so long is dead; presence comes more often

export type Link = 'connecting' | 'online' | 'offline';

export class Provider {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly link = signal<Link>('connecting');
  /** The document is as the node has it, or had it when it was last here. */
  readonly synced = signal(false);
  /** All that was typed here has reached the node. */
  readonly saved = signal(true);

  /** The node has said that we may not write. */
  readonly denied = signal(false);

  private socket: WebSocket | null = null;
  private waitMs = FIRST_WAIT_MS;
  private again: ReturnType<typeof setTimeout> | undefined;
  private asking: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval>;
  private heardAt = 0;
  private edits = 0; // of ours, counted
  private askedAt = 0; // edits when the node was last asked
  private over = false;

  constructor(readonly id: string) {
    this.doc.on('update', this.onUpdate);
    this.awareness.on('update', this.onPresence);
    addEventListener('online', this.redial);
    addEventListener('offline', this.drop);
    addEventListener('pagehide', this.leave);
    this.watch = setInterval(() => {
      if (this.socket && Date.now() - this.heardAt > SILENCE_MS) this.drop();
    }, 5000);
    void drafts.read(id).then((draft) => {
      if (draft && !this.over) {
        Y.applyUpdate(this.doc, draft, this);
        this.saved.value = false;
      }
      this.dial();
    });
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    this.leave();
    clearTimeout(this.again);
    clearTimeout(this.asking);
    clearInterval(this.watch);
    removeEventListener('online', this.redial);
    removeEventListener('offline', this.drop);
    removeEventListener('pagehide', this.leave);
    this.drop();
    this.awareness.destroy();
    this.doc.destroy();
  }

  // --- the connection ---------------------------------------------------------------------------

  private dial = (): void => {
    clearTimeout(this.again);
    if (this.over || this.socket) return;
    const socket = new WebSocket(`ws://${location.host}/docs/${this.id}`);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.greet(socket);
    socket.onmessage = (e: MessageEvent<ArrayBuffer>) => {
      if (socket === this.socket) this.take(new Uint8Array(e.data));
    };
    socket.onclose = () => {
      if (socket === this.socket) this.gone();
    };
    this.heardAt = Date.now();
    this.socket = socket;
  };

  /** At once, and not when it is this connection's turn. */
  private redial = (): void => {
    this.waitMs = FIRST_WAIT_MS;
    this.dial();
  };

  private drop = (): void => {
    const socket = this.socket;
    if (!socket) return;
    this.gone();
    socket.close();
  };

  private gone(): void {
    this.socket = null;
    if (this.over) return;
    this.link.value = 'offline';
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
    clearTimeout(this.again);
    this.again = setTimeout(this.dial, this.waitMs * (0.75 + Math.random() / 2));
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  private greet(socket: WebSocket): void {
    if (socket !== this.socket) return;
    this.waitMs = FIRST_WAIT_MS;
    this.link.value = 'online';
    this.ask();
    if (this.awareness.getLocalState()) this.sendPresence([this.doc.clientID]);
  }

  private leave = (): void => {
    removeAwarenessStates(this.awareness, [this.doc.clientID], 'leave');
  };

  // --- messages ---------------------------------------------------------------------------------

  private send(kind: number, write: (to: encoding.Encoder) => void): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const to = encoding.createEncoder();
    encoding.writeVarUint(to, kind);
    write(to);
    this.socket.send(encoding.toUint8Array(to));
  }

  private take(message: Uint8Array): void {
    this.heardAt = Date.now();
    const from = decoding.createDecoder(message);
    const kind = decoding.readVarUint(from);
    if (kind === SYNC) this.takeSync(from);
    else if (kind === AWARENESS) applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(from), this);
    else if (kind === ASK_AWARENESS) this.sendPresence([...this.awareness.getStates().keys()]);
    else if (kind === AUTH) readAuthMessage(from, this.doc, () => (this.denied.value = true));
  }

  private takeSync(from: decoding.Decoder): void {
    const to = encoding.createEncoder();
    encoding.writeVarUint(to, SYNC);
    const kind = sync.readSyncMessage(from, to, this.doc, this);
    if (encoding.length(to) > 1 && this.socket?.readyState === WebSocket.OPEN) this.socket.send(encoding.toUint8Array(to));
    if (kind !== sync.messageYjsSyncStep2) return;
    this.synced.value = true;
    if (this.askedAt === this.edits) this.isSaved();
    else this.askSoon();
  }

  /** What do we lack?  The answer says too that all that was sent before has come. */
  private ask(): void {
    this.askedAt = this.edits;
    this.send(SYNC, (to) => sync.writeSyncStep1(to, this.doc));
  }

  private askSoon(): void {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), QUIET_MS);
  }

  private isSaved(): void {
    this.saved.value = true;
    drafts.drop(this.id);
  }

  private onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    this.edits++;
    this.saved.value = false;
    this.send(SYNC, (to) => sync.writeUpdate(to, update));
    drafts.keep(this.id, this.doc);
    this.askSoon();
  };

  private sendPresence(clients: number[]): void {
    this.send(AWARENESS, (to) => encoding.writeVarUint8Array(to, encodeAwarenessUpdate(this.awareness, clients)));
  }

  private onPresence = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown): void => {
    if (origin !== this) this.sendPresence([...added, ...updated, ...removed]);
  };
}
