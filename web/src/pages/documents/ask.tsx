// Small questions about documents: a title, a link, and whether one is to go.
import { useSignal } from '@preact/signals';
import { call } from '../../api';
import { t as shared } from '../../texts';
import { quoted, ShowCommand } from '../../ui/command';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { attempt, say } from '../../ui/notice';
import { type Doc, titleOf } from './data';
import { t } from './texts';

interface Done<T> {
  onClose: () => void;
  onDone: (what: T) => void;
}

export function New({ onClose, onDone }: Done<Doc>) {
  const title = useSignal('');
  const begin = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(async () => onDone(await call<Doc, 'doc.new'>('doc.new', { title: title.value })));
  };
  return (
    <Dialog title={t('new')} onClose={onClose}>
      <form class="line" onSubmit={begin}>
        <Field label={t('new.name')} hint={t('new.hint')} value={title.value} required onInput={(text) => (title.value = text)} />
        <button type="submit" class="main">
          {t('new.do')}
        </button>
      </form>
      <ShowCommand line={`shoal doc new ${quoted(title.value || 'Minutes')}`} />
    </Dialog>
  );
}

export function Join({ onClose, onDone }: Done<Doc>) {
  const link = useSignal('');
  const waiting = useSignal(false);
  const open = (event: SubmitEvent) => {
    event.preventDefault();
    waiting.value = true;
    void attempt(async () => onDone(await call<Doc, 'doc.join'>('doc.join', { link: link.value.trim() }))).then(() => (waiting.value = false));
  };
  return (
    <Dialog title={t('join')} onClose={onClose}>
      <form class="line" onSubmit={open}>
        <Field label={t('join.link')} hint={t('join.why')} value={link.value} required onInput={(text) => (link.value = text)} />
        <button type="submit" class="main" disabled={waiting.value}>
          {t('join.do')}
        </button>
        <p role="status">{waiting.value ? t('join.wait') : ''}</p>
      </form>
      <ShowCommand line="shoal doc join LINK" />
    </Dialog>
  );
}

export function Rename({ doc, onClose, onDone }: Done<Doc> & { doc: Doc }) {
  const title = useSignal(doc.title);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(async () => onDone(await call<Doc, 'doc.rename'>('doc.rename', { id: doc.id, title: title.value })));
  };
  return (
    <Dialog title={t('renameOne', { title: titleOf(doc) })} onClose={onClose}>
      <form class="line" onSubmit={save}>
        <Field label={t('new.name')} value={title.value} required onInput={(text) => (title.value = text)} />
        <button type="submit" class="main">
          {shared('save')}
        </button>
      </form>
      <ShowCommand line={`shoal doc rename ${doc.id.slice(0, 12)} ${quoted(title.value)}`} />
    </Dialog>
  );
}

export function Remove({ doc, onClose, onDone }: Done<void> & { doc: Doc }) {
  const go = () =>
    void attempt(async () => {
      await call('doc.rm', { id: doc.id });
      say(t('rm.done', { title: titleOf(doc) }));
      onDone();
    });
  return (
    <Dialog title={t('rm.title', { title: titleOf(doc) })} onClose={onClose}>
      <p>{t('rm.why')}</p>
      <div class="row end">
        <button type="button" onClick={onClose}>
          {shared('cancel')}
        </button>
        <button type="button" class="danger" onClick={go}>
          {t('rm')}
        </button>
      </div>
      <ShowCommand line={`shoal doc rm ${doc.id.slice(0, 12)}`} />
    </Dialog>
  );
}
