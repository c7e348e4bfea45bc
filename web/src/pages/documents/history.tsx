// How the document read before: a slider over its versions, and a way back to one.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call } from '../../api';
import { dateTime } from '../../format';
import { t as shared } from '../../texts';
import { ShowCommand } from '../../ui/command';
import { useLoaded } from '../../ui/load';
import { attempt, Problem, say } from '../../ui/notice';
import { type Doc, nameOf, type Revision } from './data';
import { t } from './texts';

/** The text of the chosen version, or of now (0).  What is asked last is what is shown. */
function useText(id: string, revision: number) {
  const text = useSignal<string | null>(null);
  useEffect(() => {
    const running = new AbortController();
    const asked = revision ? { id, revision } : { id };
    call<{ text: string }, 'doc.cat'>('doc.cat', asked, running.signal).then((got) => (text.value = got.text), () => {});
    return () => running.abort();
  }, [id, revision]);
  return text;
}

export function History({ doc, onClose }: { doc: Doc; onClose: () => void }) {
  const loaded = useLoaded((signal) => call<Revision[], 'doc.history'>('doc.history', { id: doc.id }, signal));
  const at = useSignal<number | null>(null);
  const all = [...(loaded.value.value ?? [])].sort((a, b) => a.revision - b.revision);
  const index = Math.min(at.value ?? all.length, all.length); // one past the last: now
  const one = all[index];
  const text = useText(doc.id, one?.revision ?? 0).value;
  const words = one ? t('history.at', { n: one.revision, when: one.at ? dateTime(one.at) : '?', name: nameOf(one.author) }) : t('history.now');
  const restore = (revision: number) =>
    void attempt(async () => {
      await call('doc.restore', { id: doc.id, revision });
      say(t('history.restored', { n: revision }));
      onClose();
    });
  return (
    <section class="history" aria-label={t('history')}>
      {loaded.why.value ? <Problem why={loaded.why.value} /> : null}
      {!loaded.value.value && <p class="muted">{shared('loading')}</p>}
      {loaded.value.value && (
        <div class="card">
          {all.length === 0 && <p>{t('history.none')}</p>}
          {all.length > 0 && (
            <>
              <label>
                {t('history.slider')}
                <input type="range" min={0} max={all.length} value={index} aria-valuetext={words}
                  onInput={(e) => (at.value = Number(e.currentTarget.value))} />
              </label>
              <p role="status">{words}</p>
            </>
          )}
          <div class="row">
            <button type="button" onClick={onClose}>
              {t('history.close')}
            </button>
            {one && (
              <button type="button" class="main" disabled={doc.role === 'reader'} onClick={() => restore(one.revision)}>
                {t('history.restore')}
              </button>
            )}
          </div>
          <ShowCommand line={one ? `shoal doc restore ${doc.id.slice(0, 12)}@${one.revision}` : `shoal doc history ${doc.id.slice(0, 12)}`} />
        </div>
      )}
      <pre class="old-text" tabIndex={0} role="region" aria-label={t('history.text')}>
        {text ?? ''}
      </pre>
    </section>
  );
}
