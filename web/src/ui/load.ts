// A list that is read from the node now, again after each reconnection, and whenever `of` changes.
import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { listen } from '../live';

export interface Loaded<T> {
  value: Signal<T | null>; // null: not yet
  why: Signal<unknown>; // what went wrong with the last try, or null
  again: () => Promise<void>;
}

/**
 * `read` is called at once, when events that begin with `prefix` come, and every `everyMs`
 * milliseconds while the page is looked at (0: never).
 */
export function useLoaded<T>(read: (signal: AbortSignal) => Promise<T>, prefix?: string, everyMs = 0): Loaded<T> {
  const loaded = useMemo(() => {
    let running: AbortController | null = null;
    const value = signal<T | null>(null);
    const why = signal<unknown>(null);
    const again = async () => {
      running?.abort();
      const mine = (running = new AbortController());
      try {
        value.value = await read(mine.signal);
        why.value = null;
      } catch (error) {
        if (!mine.signal.aborted) why.value = error;
      }
    };
    return { value, why, again, stop: () => running?.abort() };
  }, []);
  useEffect(() => {
    void loaded.again();
    let soon: ReturnType<typeof setTimeout> | undefined;
    const later = () => {
      clearTimeout(soon);
      soon = setTimeout(() => void loaded.again(), 100); // many events, one reading
    };
    const end = listen(prefix ?? '\0', later, later);
    const timer = everyMs ? setInterval(() => document.hidden || void loaded.again(), everyMs) : undefined;
    return () => {
      end();
      clearTimeout(soon);
      clearInterval(timer);
      loaded.stop();
    };
  }, []);
  return loaded;
}
