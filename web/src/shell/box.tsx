// The box at the top: a combobox of what the text may mean.
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useId } from 'preact/hooks';
import { call } from '../api';
import { pages, type PageName } from '../pages';
import type { Peer, Torrent } from '../types';
import { t } from '../texts';
import { Icon } from '../ui/icons';
import { attempt, say } from '../ui/notice';
import { understand, type Intent } from './understand';

const names = Object.fromEntries(pages.map((p) => [p.name, t(`page.${p.name}`)])) as Record<PageName, string>;

function label(intent: Intent): string {
  switch (intent.kind) {
    case 'get':
      return t('box.get');
    case 'receive':
      return t('box.receive');
    case 'dial':
      return t('box.dial');
    case 'page':
      return t('box.page', { page: names[intent.page] });
    case 'setting':
      return t('box.setting', { words: intent.words });
    case 'find':
      return t('box.find', { words: intent.words });
  }
}

/** Do it; returns the page to go to. */
async function follow(intent: Intent): Promise<string> {
  switch (intent.kind) {
    case 'get': {
      const torrent = await call<Torrent, 'file.get'>('file.get', { link: intent.link });
      say(t('box.got', { name: torrent.name || torrent.id }));
      return '/ui/files';
    }
    case 'receive':
      await call('file.receive', { code: intent.code });
      say(t('box.received'));
      return '/ui/home';
    case 'dial': {
      const peer = await call<Peer, 'net.dial'>('net.dial', { address: intent.address });
      say(t('box.dialled', { name: peer.name || peer.id }));
      return '/ui/connect';
    }
    case 'page':
      return `/ui/${intent.page}`;
    case 'setting':
      return `/ui/settings?q=${encodeURIComponent(intent.words)}`;
    case 'find':
      return `/ui/files?q=${encodeURIComponent(intent.words)}`;
  }
}

export function Box() {
  const id = useId();
  const { route } = useLocation();
  const text = useSignal('');
  const at = useSignal(0);
  const open = useSignal(false);
  const intents = open.value ? understand(text.value, names) : [];
  const chosen = Math.min(at.value, intents.length - 1);

  const take = (intent: Intent | undefined) => {
    if (!intent) return;
    open.value = false;
    void attempt(async () => {
      const path = await follow(intent);
      text.value = '';
      route(path);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') at.value = Math.min(chosen + 1, intents.length - 1);
    else if (event.key === 'ArrowUp') at.value = Math.max(chosen - 1, 0);
    else if (event.key === 'Escape') open.value = false;
    else return;
    event.preventDefault();
  };
  return (
    <form
      class="box"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        take(understand(text.value, names)[Math.max(chosen, 0)]);
      }}
    >
      <label for={id} class="sr-only">
        {t('box.label')}
      </label>
      <Icon name="search" />
      <input
        id={id}
        data-box
        type="text"
        autocomplete="off"
        spellcheck={false}
        placeholder={t('box.hint')}
        role="combobox"
        aria-expanded={intents.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={intents.length ? `${id}-${chosen}` : undefined}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          at.value = 0;
          open.value = true;
        }}
        onKeyDown={onKeyDown}
        onBlur={() => (open.value = false)}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={t('box.label')} hidden={intents.length === 0}>
        {intents.map((intent, i) => (
          <li
            key={label(intent)}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === chosen}
            onMouseDown={(event) => {
              event.preventDefault(); // or the blur comes first, and the list is gone
              take(intent);
            }}
          >
            {label(intent)}
          </li>
        ))}
      </ul>
    </form>
  );
}
