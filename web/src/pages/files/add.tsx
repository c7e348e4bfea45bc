// What gets something into the list: a link, a .torrent, a path of this machine.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { ApiError, call } from '../../api';
import { percent } from '../../format';
import type { Job, Torrent } from '../../types';
import { ShowCommand } from '../../ui/command';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icons';
import { attempt, fail, say } from '../../ui/notice';
import { t } from './texts';

type Got = Torrent & { existing?: boolean };

function told(got: Got): Got {
  say(t(got.existing ? 'add.had' : 'add.got', { name: got.name || got.id }));
  return got;
}

export function isLink(text: string): boolean {
  return /^(magnet:\?\S+|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text.trim());
}

export async function getLink(link: string): Promise<Got> {
  return told(await call<Got, 'file.get'>('file.get', { link: link.trim() }));
}

async function base64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** Each .torrent among them; of others a word is said.  The last one got, or null. */
export async function getTorrents(files: Iterable<File>): Promise<Got | null> {
  let last: Got | null = null;
  for (const file of files) {
    if (!/\.torrent$/i.test(file.name)) fail(new Error(t('add.notTorrent', { name: file.name })));
    else await attempt(async () => (last = told(await call<Got, 'file.get'>('file.get', { torrent: await base64(file) }))));
  }
  return last;
}

export interface Shared {
  id: string;
  magnet: string;
}

const LOOK_MS = 300;

/** Resolves when all is hashed, which takes as long as reading it does. */
async function share(path: string, progress: (part: number) => void): Promise<Shared> {
  const { job } = await call<{ job: string }, 'file.add'>('file.add', { path });
  for (;;) {
    const now = await call<Job, 'job.show'>('job.show', { id: job });
    if (now.state === 'done') return now.result as Shared;
    if (now.state !== 'running') throw new ApiError(0, now.error?.code ?? '', now.error?.message ?? now.state, now.error?.next);
    progress(now.total ? now.done / now.total : 0);
    await new Promise((later) => setTimeout(later, LOOK_MS));
  }
}

function Link({ onGot }: { onGot: (id: string) => void }) {
  const link = useSignal('');
  const get = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(async () => onGot((await getLink(link.value)).id));
  };
  return (
    <form class="line" onSubmit={get}>
      <Field label={t('add.link')} hint={t('add.linkHint')} value={link.value} required
        onInput={(text) => (link.value = text)} />
      <button type="submit" class="main">
        {t('add.get')}
      </button>
    </form>
  );
}

function TorrentFile({ onGot }: { onGot: (id: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div class="field">
      <h3>{t('add.torrent')}</h3>
      <div>
        <button type="button" onClick={() => input.current?.click()}>
          <Icon name="plus" /> {t('add.choose')}
        </button>
        <input ref={input} type="file" accept=".torrent" multiple hidden
          onChange={(e) => void getTorrents([...(e.currentTarget.files ?? [])]).then((got) => got && onGot(got.id))} />
      </div>
      <p class="hint">{t('add.drop')}</p>
    </div>
  );
}

function Path({ onShared }: { onShared: (shared: Shared) => void }) {
  const path = useSignal('');
  const part = useSignal<number | null>(null);
  const go = (event: SubmitEvent) => {
    event.preventDefault();
    part.value = 0;
    void attempt(async () => onShared(await share(path.value, (p) => (part.value = p)))).then(() => (part.value = null));
  };
  return (
    <form class="line" onSubmit={go}>
      <h3>{t('add.share')}</h3>
      <Field label={t('add.path')} hint={t('add.pathHint')} value={path.value} required
        onInput={(text) => (path.value = text)} />
      <button type="submit" disabled={part.value !== null}>
        {t('add.doShare')}
      </button>
      {part.value !== null && <p role="status">{t('add.hashing', { part: percent(part.value) })}</p>}
    </form>
  );
}

interface Props {
  onClose: () => void;
  onGot: (id: string) => void;
  onShared: (shared: Shared) => void;
}

export function Add({ onClose, onGot, onShared }: Props) {
  return (
    <Dialog title={t('add.title')} onClose={onClose}>
      <Link onGot={onGot} />
      <TorrentFile onGot={onGot} />
      <Path onShared={onShared} />
      <ShowCommand line={"shoal get 'magnet:?xt=urn:btih:…'\nshoal share ~/holiday"} />
    </Dialog>
  );
}
