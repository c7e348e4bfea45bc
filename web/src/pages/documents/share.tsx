// Who is in, what each may do, and a link for somebody else.
import { useSignal } from '@preact/signals';
import { call } from '../../api';
import { ago } from '../../format';
import { status } from '../../live';
import { Copy, ShowCommand } from '../../ui/command';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icons';
import { attempt, say } from '../../ui/notice';
import { Qr } from '../../ui/qr';
import { type Column, Table } from '../../ui/table';
import { type DocMore, type Member, nameOf } from './data';
import { t } from './texts';

function Members({ doc, onChange }: { doc: DocMore; onChange: () => void }) {
  const called = (m: Member) => (m.self && status.value?.name) || m.name || nameOf(m.peer);
  const takeOff = (m: Member) =>
    void attempt(async () => {
      await call('doc.unshare', { id: doc.id, peer: m.peer });
      say(t('share.removed', { name: called(m) }));
      onChange();
    });
  const columns: Column<Member>[] = [
    { title: t('share.who'), cell: (m) => (m.self ? t('me', { name: called(m) }) : called(m)) },
    { title: t('share.role'), cell: (m) => t(`share.${m.role}`) },
    { title: t('share.seen'), cell: (m) => (m.self ? '–' : m.connected ? t('share.now') : m.seen ? ago(m.seen) : t('share.never')) },
    {
      title: t('col.acts'),
      quiet: true,
      cell: (m) =>
        doc.role === 'owner' &&
        !m.self && (
          <button type="button" class="plain" aria-label={t('share.remove', { name: called(m) })} onClick={() => takeOff(m)}>
            <Icon name="close" />
          </button>
        ),
    },
  ];
  return <Table caption={t('share.title')} columns={columns} rows={doc.members} keyOf={(m) => m.peer} />;
}

function Invite({ doc, onChange }: { doc: DocMore; onChange: () => void }) {
  const readOnly = useSignal(false);
  const link = useSignal('');
  const make = () =>
    void attempt(async () => {
      const made = await call<{ link: string }, 'doc.share'>('doc.share', { id: doc.id, read_only: readOnly.value });
      link.value = made.link;
      onChange();
    });
  return (
    <section class="invite">
      <h3>{t('share.invite')}</h3>
      <div class="row">
        <label class="row">
          {t('share.may')}
          <select value={readOnly.value ? 'read' : 'write'}
            onChange={(e) => {
              readOnly.value = e.currentTarget.value === 'read';
              link.value = '';
            }}>
            <option value="write">{t('share.mayWrite')}</option>
            <option value="read">{t('share.mayRead')}</option>
          </select>
        </label>
        <button type="button" class="main" onClick={make}>
          <Icon name="link" /> {t('share.make')}
        </button>
      </div>
      {link.value && (
        <div class="pass">
          <Qr text={link.value} label={t('share.qr')} />
          <div class="link-out">
            <code tabIndex={0}>{link.value}</code>
            <Copy text={link.value} label={t('share.copy')} />
            <p class="hint">{t('share.linkWhy')}</p>
          </div>
        </div>
      )}
      <ShowCommand line={`shoal doc share ${doc.id.slice(0, 12)}${readOnly.value ? ' --read-only' : ''}`} />
    </section>
  );
}

export function Share({ doc, onClose, onChange }: { doc: DocMore; onClose: () => void; onChange: () => void }) {
  return (
    <Dialog title={t('share.title')} onClose={onClose}>
      <Members doc={doc} onChange={onChange} />
      {doc.role === 'owner' ? <Invite doc={doc} onChange={onChange} /> : <p class="hint">{t('share.notOwner')}</p>}
    </Dialog>
  );
}
