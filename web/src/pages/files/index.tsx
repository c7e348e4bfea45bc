// The page Files: filter, table, and all of one torrent beside it.
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call } from '../../api';
import { EmptyState } from '../../ui/empty';
import { Icon } from '../../ui/icons';
import { attempt, Problem } from '../../ui/notice';
import { t as shared } from '../../texts';
import { Add, getLink, getTorrents, isLink, type Shared } from './add';
import './files.css';
import { Inspector } from './inspector';
import { PassOn } from './pass';
import { Remove } from './remove';
import { all, changes, failed, type Filter, follow, moves, type Order, pick, reading, type Row, STATES, tally } from './rows';
import { SORT_KEYS, Torrents } from './table';
import { t } from './texts';

/** Which one is open is part of the address: it can be kept and sent. */
function asked(): { id: string | null; words: string } {
  const query = new URLSearchParams(location.search);
  return { id: query.get('id'), words: query.get('q') ?? '' };
}

function remember(id: string | null): void {
  history.replaceState(history.state, '', id ? `?id=${id}` : location.pathname);
}

/** A link that is pasted, and files that are dropped, anywhere on the page. */
function useDrops(onGot: (id: string) => void) {
  const over = useSignal(false);
  useEffect(() => {
    const got = (one: { id: string } | null | undefined) => one && onGot(one.id);
    const onPaste = (event: ClipboardEvent) => {
      const text = event.clipboardData?.getData('text') ?? '';
      if ((event.target as Element).closest('input, textarea') || !isLink(text)) return;
      event.preventDefault();
      void attempt(async () => got(await getLink(text)));
    };
    const onOver = (event: DragEvent) => {
      event.preventDefault();
      over.value = true;
    };
    const onLeave = (event: DragEvent) => {
      if (!event.relatedTarget) over.value = false;
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      over.value = false;
      const text = event.dataTransfer?.getData('text') ?? '';
      if (event.dataTransfer?.files.length) void getTorrents([...event.dataTransfer.files]).then(got);
      else if (isLink(text)) void attempt(async () => got(await getLink(text)));
    };
    document.addEventListener('paste', onPaste);
    document.addEventListener('dragover', onOver);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('paste', onPaste);
      document.removeEventListener('dragover', onOver);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('drop', onDrop);
    };
  }, []);
  return over;
}

export function Files() {
  const filter = useSignal<Filter>({ state: '', label: '', words: asked().words });
  const order = useSignal<Order>({ key: 'name', down: false });
  const active = useSignal<string | null>(asked().id);
  const open = useSignal<string | null>(asked().id);
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const adding = useSignal(false);
  const sharedNow = useSignal<Shared | null>(null);
  const removing = useSignal<readonly Row[] | null>(null);
  useEffect(follow, []);
  const ids = useComputed(() => {
    void moves.value;
    return pick(filter.value, order.value);
  });
  const counts = useComputed(() => {
    void moves.value;
    return tally();
  });

  const show = (id: string | null) => {
    open.value = id;
    remember(id);
  };
  const arrived = (id: string) => {
    adding.value = false;
    active.value = id;
    show(id);
  };
  const over = useDrops(arrived);

  const rows = all.value;
  void changes.value;
  if (!rows) {
    return (
      <>
        <h1>{t('title')}</h1>
        {failed.value ? <Problem why={failed.value} /> : <p class="muted">{shared('loading')}</p>}
      </>
    );
  }

  /** What an action is for: those chosen, else the one that the keys are at. */
  const meant = (): Row[] => {
    const wanted = chosen.value.size ? [...chosen.value] : active.value ? [active.value] : [];
    return wanted.flatMap((id) => rows.get(id) ?? []);
  };
  const each = (method: 'file.pause' | 'file.resume', of: readonly Row[]) =>
    void attempt(async () => {
      for (const row of of) await call(method, { id: row.id });
    });
  const row = open.value ? rows.get(open.value) : undefined;
  const some = meant();

  return (
    <div class={row ? 'files with-one' : 'files'}>
      <div class="head">
        <h1>{t('title')}</h1>
        <button type="button" class="main" onClick={() => (adding.value = true)}>
          <Icon name="plus" /> {t('add')}
        </button>
      </div>
      {rows.size === 0 ? (
        <EmptyState icon="files" title={t('empty')} why={t('emptyWhy')} command="shoal get 'magnet:?xt=urn:btih:…'">
          <button type="button" onClick={() => (adding.value = true)}>
            <Icon name="plus" /> {t('add.title')}
          </button>
        </EmptyState>
      ) : (
        <div class="list">
          <div class="tools">
            <input type="search" aria-label={t('filter.words')} placeholder={t('filter.words')} value={filter.value.words}
              onInput={(e) => (filter.value = { ...filter.value, words: e.currentTarget.value })} />
            <select aria-label={t('filter.state')} value={filter.value.state}
              onChange={(e) => (filter.value = { ...filter.value, state: e.currentTarget.value as Filter['state'] })}>
              <option value="">{t('filter.states')}</option>
              {STATES.filter((s) => counts.value.states.has(s) || filter.value.state === s).map((s) => (
                <option key={s} value={s}>
                  {t(`state.${s}`)} ({counts.value.states.get(s) ?? 0})
                </option>
              ))}
            </select>
            {counts.value.labels.length > 0 && (
              <select aria-label={t('filter.label')} value={filter.value.label}
                onChange={(e) => (filter.value = { ...filter.value, label: e.currentTarget.value })}>
                <option value="">{t('filter.labels')}</option>
                {counts.value.labels.map((label) => (
                  <option key={label}>{label}</option>
                ))}
              </select>
            )}
            <select class="narrow" aria-label={t('sort')} value={order.value.key}
              onChange={(e) => (order.value = { key: e.currentTarget.value as Order['key'], down: e.currentTarget.value !== 'name' })}>
              {SORT_KEYS.map((key) => (
                <option key={key} value={key}>
                  {t(`col.${key}`)}
                </option>
              ))}
            </select>
            <span class="count muted small" role="status">
              {ids.value.length === rows.size ? t('count', { n: rows.size }) : t('countOf', { n: ids.value.length, all: rows.size })}
              {reading.value && ` · ${shared('loading')}`}
              {chosen.value.size > 0 && ` · ${t('selected', { n: chosen.value.size })}`}
            </span>
            <span class="acts">
              <button type="button" class="plain" disabled={!some.length} onClick={() => each('file.resume', some)}>
                <Icon name="play" /> {t('resume')}
              </button>
              <button type="button" class="plain" disabled={!some.length} onClick={() => each('file.pause', some)}>
                <Icon name="pause" /> {t('pause')}
              </button>
              <button type="button" class="plain" disabled={!some.length} onClick={() => (removing.value = some)}>
                <Icon name="close" /> {shared('remove')}
              </button>
            </span>
          </div>
          {ids.value.length === 0 ? (
            <div class="empty">
              <p>{t('none')}</p>
              <button type="button" onClick={() => (filter.value = { state: '', label: '', words: '' })}>
                {t('showAll')}
              </button>
            </div>
          ) : (
            <Torrents ids={ids.value} order={order} active={active} chosen={chosen} onOpen={show}
              onRemove={() => (removing.value = meant())} />
          )}
        </div>
      )}
      {row && (
        <Inspector key={row.id} row={row} onClose={() => show(null)} onRemove={() => (removing.value = [row])}
          onPause={() => each(row.state === 'paused' ? 'file.resume' : 'file.pause', [row])} />
      )}
      {over.value && <div class="drop-here">{t('add.dropHere')}</div>}
      {adding.value && (
        <Add onClose={() => (adding.value = false)} onGot={arrived}
          onShared={(now) => {
            arrived(now.id);
            sharedNow.value = now;
          }} />
      )}
      {sharedNow.value && (
        <PassOn name={t('add.shared')} magnet={sharedNow.value.magnet} onClose={() => (sharedNow.value = null)} />
      )}
      {removing.value && removing.value.length > 0 && (
        <Remove rows={removing.value} onClose={(removed) => {
          removing.value = null;
          if (removed) chosen.value = new Set();
        }} />
      )}
    </div>
  );
}
