// One document: its title, how it is with the node, who is there, and the editor.
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError, call } from '../../api';
import { listen, status } from '../../live';
import { t as shared } from '../../texts';
import { EmptyState } from '../../ui/empty';
import { Icon } from '../../ui/icons';
import { useLoaded } from '../../ui/load';
import { Problem } from '../../ui/notice';
import { Remove, Rename } from './ask';
import { type DocMore, learn, titleOf } from './data';
import type { Session } from './editor';
import { History } from './history';
import { colourFor, inkOn } from './people';
import { Share } from './share';
import { t } from './texts';

function State({ session, readOnly }: { session: Session; readOnly: boolean }) {
  if (session.link.value === 'offline')
    return (
      <p class="chip part" role="status">
        <Icon name="warn" /> {t('link.offline')}
      </p>
    );
  if (readOnly) return <p class="chip">{t('readOnly')}</p>;
  const words = !session.synced.value ? t('link.connecting') : session.saved.value ? t('link.saved') : t('link.saving');
  return (
    <p class="chip good">
      {session.saved.value && session.synced.value && <Icon name="check" />}
      {words}
    </p>
  );
}

function People({ session }: { session: Session }) {
  return (
    <ul class="people" aria-label={t('people')}>
      {session.people.value.map((p) => (
        <li key={p.client}>
          <span class="who" aria-hidden="true" style={{ backgroundColor: p.color, color: inkOn(p.color) }}>
            {p.name.slice(0, 1).toLocaleUpperCase()}
          </span>
          {p.client === session.own ? t('me', { name: p.name }) : p.name}
        </li>
      ))}
    </ul>
  );
}

/** The editor's chunk is loaded, and a seat taken at the document, while this page is there. */
function useSession(id: string) {
  const session = useSignal<Session | null>(null);
  const failed = useSignal<unknown>(null);
  useEffect(() => {
    let over = false;
    import('./editor').then(
      ({ begin }) => {
        if (!over) session.value = begin(id);
      },
      (why: unknown) => (failed.value = why),
    );
    return () => {
      over = true;
      session.value?.close();
      session.value = null;
    };
  }, [id]);
  return { session: session.value, failed: failed.value };
}

export function Document({ id }: { id: string }) {
  const { route } = useLocation();
  const loaded = useLoaded((signal) => call<DocMore, 'doc.show'>('doc.show', { id }, signal), 'doc.changed');
  const { session, failed } = useSession(id);
  const host = useRef<HTMLDivElement>(null);
  const asked = useSignal<'share' | 'rename' | 'rm' | null>(null);
  const looking = useSignal(false);
  const doc = loaded.value.value;
  const why = loaded.why.value;
  const readOnly = doc ? doc.role === 'reader' || !doc.writable : false;
  const title = doc ? titleOf(doc) : '';
  const node = status.value;

  useEffect(() => listen('doc.member', (e) => e.id === doc?.id && void loaded.again()), [doc?.id]);
  useEffect(() => {
    if (doc) learn(doc.members.map((m) => ({ id: m.peer, name: m.name })));
  }, [doc]);
  useEffect(() => {
    if (session && host.current) session.show(host.current, { label: t('editor', { title }), placeholder: t('placeholder') });
  }, [session, doc !== null]);
  useEffect(() => session?.setWritable(!readOnly), [session, readOnly]);
  useEffect(() => {
    if (node) session?.setUser(node.name, colourFor(node.peer_id));
  }, [session, node?.name, node?.peer_id]);

  if (!doc && why instanceof ApiError && why.code === 'doc.not_found')
    return (
      <EmptyState icon="documents" title={t('gone')} why={why.message} command="shoal doc ls">
        <a class="button" href="/ui/documents">
          {t('back')}
        </a>
      </EmptyState>
    );
  if (!doc) return why ? <Problem why={why} again={() => void loaded.again()} /> : <p class="muted">{shared('loading')}</p>;
  const close = () => (asked.value = null);
  return (
    <div class="document">
      <a href="/ui/documents" class="small">
        {t('back')}
      </a>
      <div class="head">
        <div class="row">
          <h1>{title}</h1>
          {session && <State session={session} readOnly={readOnly} />}
        </div>
        <div class="row">
          <button type="button" aria-pressed={looking.value} onClick={() => (looking.value = !looking.value)}>
            <Icon name="clock" /> {t('history')}
          </button>
          <button type="button" disabled={readOnly} onClick={() => (asked.value = 'rename')}>
            {t('rename')}
          </button>
          <button type="button" onClick={() => (asked.value = 'rm')}>
            {t('rm')}
          </button>
          <button type="button" class="main" onClick={() => (asked.value = 'share')}>
            <Icon name="people" /> {t('share')}
          </button>
        </div>
      </div>
      {session && <People session={session} />}
      {session?.link.value === 'offline' && <p class="muted">{t('link.offlineWhy')}</p>}
      {readOnly && <p class="muted">{t('readOnlyWhy')}</p>}
      {failed ? <Problem why={failed} /> : null}
      {looking.value && <History doc={doc} onClose={() => (looking.value = false)} />}
      <div ref={host} class="editor" hidden={looking.value} />
      {asked.value === 'share' && <Share doc={doc} onClose={close} onChange={() => void loaded.again()} />}
      {asked.value === 'rename' && (
        <Rename doc={doc} onClose={close} onDone={() => {
          close();
          void loaded.again();
        }} />
      )}
      {asked.value === 'rm' && <Remove doc={doc} onClose={close} onDone={() => route('/ui/documents')} />}
    </div>
  );
}
