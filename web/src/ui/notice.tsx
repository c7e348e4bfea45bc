// Short words about what was just done, and what went wrong: what, why, what next.
//
// `say()` puts a line into the corner, read out politely; `fail()` shows what the node said no to.
// `<Problem>` stands in a page, where something could not be read.
import { signal } from '@preact/signals';
import { ApiError } from '../api';
import { t } from '../texts';
import { Icon } from './icons';

interface Note {
  id: number;
  text: string;
  next: string | undefined;
  bad: boolean;
}

const notes = signal<readonly Note[]>([]);
let last = 0;

const SHOWN_MS = 6000; // what went wrong stays until it is closed

function add(text: string, next: string | undefined, bad: boolean): void {
  const id = ++last;
  notes.value = [...notes.value.slice(-3), { id, text, next, bad }];
  if (!bad) setTimeout(() => drop(id), SHOWN_MS);
}

function drop(id: number): void {
  notes.value = notes.value.filter((n) => n.id !== id);
}

export function say(text: string): void {
  add(text, undefined, false);
}

export function fail(why: unknown): void {
  add(why instanceof Error ? why.message : String(why), why instanceof ApiError ? why.next : undefined, true);
}

/** Do it; if the node says no, show why.  True: it was done. */
export async function attempt(what: () => Promise<unknown>): Promise<boolean> {
  try {
    await what();
    return true;
  } catch (why) {
    fail(why);
    return false;
  }
}

export function Notices() {
  return (
    <div class="notices" role="status">
      {notes.value.map((n) => (
        <div key={n.id} class={n.bad ? 'notice bad' : 'notice'}>
          <Icon name={n.bad ? 'warn' : 'check'} />
          <div>
            <p>{n.text}</p>
            {n.next && (
              <p>
                {t('next')} <code>{n.next}</code>
              </p>
            )}
          </div>
          <button type="button" class="plain" aria-label={t('close')} onClick={() => drop(n.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}

export function Problem({ why, again }: { why: unknown; again?: () => void }) {
  return (
    <div class="problem" role="alert">
      <Icon name="warn" />
      <div>
        <p>{why instanceof Error ? why.message : String(why)}</p>
        {why instanceof ApiError && why.next && (
          <p>
            {t('next')} <code>{why.next}</code>
          </p>
        )}
        {again && (
          <button type="button" onClick={again}>
            {t('again')}
          </button>
        )}
      </div>
    </div>
  );
}
