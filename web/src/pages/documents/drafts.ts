// What was typed and the node has not taken yet, in this browser's own database.  Where there is
// none (a private window), nothing is kept beyond the tab.
import * as Y from 'yjs';

const DATABASE = 'shoal.drafts';
const STORE = 'documents';
const PAUSE_MS = 300;

let opening: Promise<IDBDatabase | null> | undefined;

function open(): Promise<IDBDatabase | null> {
  opening ??= new Promise((done) => {
    try {
      const asked = indexedDB.open(DATABASE, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => done(null);
    } catch {
      done(null);
    }
  });
  return opening;
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore | undefined> {
  return (await open())?.transaction(STORE, mode).objectStore(STORE);
}

export async function read(id: string): Promise<Uint8Array | undefined> {
  const from = await store('readonly');
  if (!from) return undefined;
  return new Promise((done) => {
    const asked = from.get(id) as IDBRequest<Uint8Array | undefined>;
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => done(undefined);
  });
}

const waiting = new Map<string, ReturnType<typeof setTimeout>>();

/** Soon, and the whole of it: it is a copy until the node has it, not a second log. */
export function keep(id: string, doc: Y.Doc): void {
  if (waiting.has(id)) return;
  waiting.set(
    id,
    setTimeout(() => {
      waiting.delete(id);
      const state = Y.encodeStateAsUpdate(doc);
      void store('readwrite').then((to) => to?.put(state, id));
    }, PAUSE_MS),
  );
}

export function drop(id: string): void {
  clearTimeout(waiting.get(id));
  waiting.delete(id);
  void store('readwrite').then((from) => from?.delete(id));
}
