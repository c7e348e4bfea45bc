// Keys for those who have no mouse, or want none: `?` shows them.
import { signal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { pages } from '../pages';
import { t } from '../texts';
import { Dialog } from '../ui/dialog';

const shown = signal(false);

export function showShortcuts(): void {
  shown.value = true;
}

/** Where keys are letters. */
function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

const CHORD_MS = 1500;

export function Shortcuts() {
  const { route } = useLocation();
  useEffect(() => {
    let gone = -Infinity; // when `g` was pressed
    const onKey = (event: KeyboardEvent) => {
      const inside = event.composedPath()[0] ?? event.target; // also in a shadow tree
      if (event.ctrlKey || event.metaKey || event.altKey || typing(inside) || document.querySelector('dialog[open]')) return;
      const page = event.timeStamp - gone < CHORD_MS ? pages.find((p) => p.key === event.key) : undefined;
      gone = event.key === 'g' ? event.timeStamp : -Infinity;
      if (page) route(page.path);
      else if (event.key === '?') shown.value = true;
      else if (event.key === '/') document.querySelector<HTMLInputElement>('[data-box]')?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [route]);
  if (!shown.value) return null;
  const rows: [string, string][] = [
    ['?', t('keys.help')],
    ['/', t('keys.box')],
    ...pages.map((p): [string, string] => [`g ${p.key}`, t('keys.page', { page: t(`page.${p.name}`) })]),
    ['Esc', t('keys.close')],
  ];
  return (
    <Dialog title={t('keys')} onClose={() => (shown.value = false)}>
      <table class="keys">
        <thead class="sr-only">
          <tr>
            <th scope="col">{t('keys.key')}</th>
            <th scope="col">{t('keys.what')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([key, what]) => (
            <tr key={key}>
              <th scope="row">
                {key.split(' ').map((k) => (
                  <kbd key={k}>{k}</kbd>
                ))}
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
