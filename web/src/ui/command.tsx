// "Show command": the line of the command line that does the same, to copy.
import { useState } from 'preact/hooks';
import { t } from '../texts';
import { Icon } from './icons';

/** A word as a shell wants it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function Copy({ text, label }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <button type="button" class="plain" onClick={() => void copy()}>
      <Icon name={done ? 'check' : 'copy'} />
      {done ? t('copied') : (label ?? t('copy'))}
    </button>
  );
}

export function ShowCommand({ line }: { line: string }) {
  return (
    <details class="command">
      <summary>
        <Icon name="command" /> {t('command')}
      </summary>
      <p>{t('command.hint')}</p>
      <div class="command-line">
        <code tabIndex={0}>{line}</code>
        <Copy text={line} />
      </div>
    </details>
  );
}
