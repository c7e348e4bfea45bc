// The editor itself: CodeMirror over a Yjs text, kept in step with the node.  A chunk of its own.
//
// It lives in a shadow tree: there CodeMirror's styles are constructed sheets, which the page's
// Content-Security-Policy lets through.
import { defaultKeymap } from '@codemirror/commands';
import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import { carets } from './carets';
import { type Person, personOf } from './people';
import { Provider } from './provider';

/** The root that the node's commands read and write. */
const ROOT = 'text';

export interface Session {
  link: ReadonlySignal<'connecting' | 'online' | 'offline'>;
  synced: ReadonlySignal<boolean>;
  saved: ReadonlySignal<boolean>;
  denied: ReadonlySignal<boolean>;
  people: ReadonlySignal<readonly Person[]>;
  own: number;
  show: (host: HTMLElement, how: Words) => void;
  setWritable: (writable: boolean) => void;
  setUser: (name: string, color: string) => void;
  close: () => void;
}

interface Words {
  label: string;
  placeholder: string;
}

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--text)', height: '100%' },
  '&.cm-focused': { outline: '3px solid var(--accent)', outlineOffset: '-3px' },
  '.cm-scroller': { font: '1rem/1.65 var(--font)', padding: '1rem 0' },
  '.cm-content': { maxWidth: '46rem', margin: '0 auto', padding: '0.5rem 1rem', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0' },
  '.cm-placeholder': { color: 'var(--muted)' },
});

export function begin(id: string): Session {
  const provider = new Provider(id);
  const { doc, awareness } = provider;
  const text = doc.getText(ROOT);
  const people = signal<readonly Person[]>([]);
  const writable = new Compartment();
  let view: EditorView | undefined;
  let may = true;

  const see = () => {
    const states = [...awareness.getStates()].filter(([, state]) => (state as { user?: unknown }).user);
    people.value = states.map(([client, state]) => personOf(state, client));
  };
  awareness.on('change', see);

  const mayWrite = () => [EditorState.readOnly.of(!may), EditorView.editable.of(may)];

  return {
    link: provider.link,
    synced: provider.synced,
    saved: computed(() => provider.saved.value),
    denied: provider.denied,
    people,
    own: doc.clientID,
    show(host, words) {
      const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
      view = new EditorView({
        root,
        parent: root,
        state: EditorState.create({
          doc: text.toString(),
          extensions: [
            keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
            yCollab(text, null),
            carets(text, awareness),
            EditorView.lineWrapping,
            EditorView.contentAttributes.of({ 'aria-label': words.label, spellcheck: 'true' }),
            placeholder(words.placeholder),
            writable.of(mayWrite()),
            look,
          ],
        }),
      });
    },
    setWritable(is) {
      if (is === may) return;
      may = is;
      view?.dispatch({ effects: writable.reconfigure(mayWrite()) });
    },
    setUser: (name, color) => awareness.setLocalStateField('user', { name, color, colorLight: `${color}33` }),
    close() {
      awareness.off('change', see);
      view?.destroy();
      provider.close();
    },
  };
}
