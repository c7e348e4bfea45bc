// All documents: what they are called, who changed them last, who is there now.
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { call } from '../../api';
import { ago, dateTime } from '../../format';
import { listen } from '../../live';
import { t as shared } from '../../texts';
import type { Peer } from '../../types';
import { EmptyState } from '../../ui/empty';
import { Icon } from '../../ui/icons';
import { useLoaded } from '../../ui/load';
import { Problem } from '../../ui/notice';
import { type Column, Table } from '../../ui/table';
import { Join, New, Remove, Rename } from './ask';
import { type Doc, type DocMore, type Here, learn, nameOf, titleOf } from './data';
import { Dots } from './dots';
import { t } from './texts';

type Asked = { what: 'new' | 'join' } | { what: 'rename' | 'rm'; doc: Doc } | null;

/** Who is where; the list says how many, the events and `doc show` say who. */
function useHere(docs: readonly Doc[] | null) {
  const here = useSignal<ReadonlyMap<string, readonly Here[]>>(new Map());
  const set = (id: string, people: readonly Here[]) => (here.value = new Map(here.value).set(id, people));
  useEffect(() => listen<{ here: Here[] }>('doc.presence', (e) => set(e.id, e.data.here)), []);
  useEffect(() => {
    for (const doc of docs ?? [])
      if (doc.present > 0 && !here.value.has(doc.id))
        void call<DocMore, 'doc.show'>('doc.show', { id: doc.id }).then((more) => set(doc.id, more.here), () => {});
  }, [docs]);
  return here;
}

export function List() {
  const { route } = useLocation();
  const loaded = useLoaded((signal) => call<Doc[], 'doc.ls'>('doc.ls', {}, signal), 'doc.');
  const asked = useSignal<Asked>(null);
  const docs = loaded.value.value;
  const here = useHere(docs).value;
  useEffect(() => void call<Peer[], 'peer.ls'>('peer.ls').then(learn, () => {}), []);
  const close = () => (asked.value = null);
  const open = (doc: Doc) => route(`/ui/documents/${doc.id}`);
  const again = () => {
    close();
    void loaded.again();
  };
  const columns: Column<Doc>[] = [
    { title: t('col.title'), cell: (d) => <a href={`/ui/documents/${d.id}`}>{titleOf(d)}</a> },
    {
      title: t('col.changed'),
      cell: (d) => d.changed && <span title={dateTime(d.changed)}>{t('by', { when: ago(d.changed), name: nameOf(d.author) })}</span>,
    },
    { title: t('col.here'), cell: (d) => <Dots here={here.get(d.id) ?? []} /> },
    { title: t('col.role'), cell: (d) => t(`role.${d.role}`) },
    {
      title: t('col.acts'),
      quiet: true,
      cell: (d) => (
        <span class="doc-acts">
          <button type="button" class="plain" aria-label={t('renameOne', { title: titleOf(d) })} disabled={d.role === 'reader'}
            onClick={() => (asked.value = { what: 'rename', doc: d })}>
            {t('rename')}
          </button>
          <button type="button" class="plain" aria-label={t('rmOne', { title: titleOf(d) })}
            onClick={() => (asked.value = { what: 'rm', doc: d })}>
            {t('rm')}
          </button>
        </span>
      ),
    },
  ];
  const now = asked.value;
  return (
    <>
      <div class="head">
        <h1>{t('title')}</h1>
        <div class="row">
          <button type="button" onClick={() => (asked.value = { what: 'join' })}>
            <Icon name="link" /> {t('join')}
          </button>
          <button type="button" class="main" onClick={() => (asked.value = { what: 'new' })}>
            <Icon name="plus" /> {t('new')}
          </button>
        </div>
      </div>
      {loaded.why.value && !docs ? <Problem why={loaded.why.value} again={() => void loaded.again()} /> : null}
      {!docs && !loaded.why.value && <p class="muted">{shared('loading')}</p>}
      {docs?.length === 0 && (
        <EmptyState icon="documents" title={t('empty')} why={t('emptyWhy')} command="shoal doc new 'Minutes'">
          <button type="button" onClick={() => (asked.value = { what: 'new' })}>
            <Icon name="plus" /> {t('new')}
          </button>
        </EmptyState>
      )}
      {docs && docs.length > 0 && (
        <div class="card">
          <Table caption={t('caption')} columns={columns} rows={docs} keyOf={(d) => d.id} />
        </div>
      )}
      {now?.what === 'new' && <New onClose={close} onDone={open} />}
      {now?.what === 'join' && <Join onClose={close} onDone={open} />}
      {now?.what === 'rename' && <Rename doc={now.doc} onClose={close} onDone={again} />}
      {now?.what === 'rm' && <Remove doc={now.doc} onClose={close} onDone={again} />}
    </>
  );
}
