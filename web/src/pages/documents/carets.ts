// Where the others' cursors stand, with their names.
//
// The awareness states are those of y-codemirror.next ({cursor: {anchor, head}, user: {name,
// color}}), so all editors of Yjs see each other.  Its own carets are not used: they write style
// attributes, which the page's Content-Security-Policy refuses, and show names only to a mouse.
import { Annotation, type Range, RangeSet } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { colourOf, inkOn, type Person, personOf } from './people';

const theySpoke = Annotation.define<true>();
const FRESH_MS = 4000; // so long after its cursor moved a name is shown

class Caret extends WidgetType {
  constructor(
    readonly person: Person,
    readonly fresh: boolean,
  ) {
    super();
  }

  override eq(other: Caret): boolean {
    return other.person.name === this.person.name && other.person.color === this.person.color && other.fresh === this.fresh;
  }

  toDOM(): HTMLElement {
    const caret = document.createElement('span');
    caret.className = this.fresh ? 'caret fresh' : 'caret';
    caret.style.setProperty('--colour', this.person.color);
    caret.style.setProperty('--ink', inkOn(this.person.color));
    caret.setAttribute('aria-hidden', 'true'); // the list of who is here says it
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = this.person.name;
    caret.append('\u2060', name, '\u2060');
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

export const caretTheme = EditorView.baseTheme({
  '.caret': {
    position: 'relative',
    borderInlineStart: '2px solid var(--colour)',
    marginInlineStart: '-1px',
    marginInlineEnd: '-1px',
  },
  '.caret .name': {
    position: 'absolute',
    insetBlockEnd: '100%',
    insetInlineStart: '-2px',
    padding: '0 5px',
    borderRadius: '4px 4px 4px 0',
    backgroundColor: 'var(--colour)',
    color: 'var(--ink)',
    font: '600 11px/16px system-ui, sans-serif',
    whiteSpace: 'nowrap',
    pointerEvents: 'none',
    opacity: '0',
    transition: 'opacity .2s',
    zIndex: '10',
  },
  '.caret.fresh .name, .caret:hover .name': { opacity: '1' },
  '.theirs': { backgroundColor: 'var(--theirs)' },
});

class Carets {
  decorations: DecorationSet = RangeSet.empty;
  private seen = new Map<number, { at: string; moved: number }>();
  private fading: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly view: EditorView,
    readonly text: Y.Text,
    readonly awareness: Awareness,
  ) {
    awareness.on('change', this.onChange);
  }

  destroy(): void {
    clearTimeout(this.fading);
    this.awareness.off('change', this.onChange);
  }

  private onChange = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>): void => {
    const own = this.awareness.clientID;
    if ([...added, ...updated, ...removed].some((client) => client !== own)) this.redraw();
  };

  private redraw = (): void => this.view.dispatch({ annotations: [theySpoke.of(true)] });

  update(update: ViewUpdate): void {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.tell(update);
    this.draw();
  }

  /** Our own cursor, while this page has the focus. */
  private tell(update: ViewUpdate): void {
    if (!this.awareness.getLocalState() || !update.view.hasFocus) return;
    const { anchor, head } = update.state.selection.main;
    this.awareness.setLocalStateField('cursor', {
      anchor: Y.createRelativePositionFromTypeIndex(this.text, anchor),
      head: Y.createRelativePositionFromTypeIndex(this.text, head),
    });
  }

  private place(position: unknown): number | null {
    try {
      const relative = Y.createRelativePositionFromJSON(position);
      const at = Y.createAbsolutePositionFromRelativePosition(relative, this.text.doc!);
      return at?.type === this.text ? Math.min(at.index, this.view.state.doc.length) : null;
    } catch {
      return null; // whatever it is, it came from somebody else
    }
  }

  /** Whether this cursor is where it was for a while. */
  private isFresh(client: number, cursor: unknown): boolean {
    const at = JSON.stringify(cursor);
    const before = this.seen.get(client);
    if (before?.at === at) return Date.now() - before.moved < FRESH_MS;
    this.seen.set(client, { at, moved: Date.now() });
    clearTimeout(this.fading);
    this.fading = setTimeout(this.redraw, FRESH_MS + 50);
    return true;
  }

  private draw(): void {
    const out: Range<Decoration>[] = [];
    for (const [client, state] of this.awareness.getStates()) {
      const cursor = (state as { cursor?: { anchor?: unknown; head?: unknown } }).cursor;
      if (client === this.awareness.clientID || !cursor) continue;
      const head = this.place(cursor.head);
      const anchor = this.place(cursor.anchor);
      if (head === null || anchor === null) continue;
      const person = personOf(state, client);
      if (head !== anchor)
        out.push(
          Decoration.mark({ class: 'theirs', attributes: { style: `--theirs: ${colourOf(person.color, '3d')}` } }).range(
            Math.min(head, anchor),
            Math.max(head, anchor),
          ),
        );
      out.push(
        Decoration.widget({ side: head > anchor ? -1 : 1, widget: new Caret(person, this.isFresh(client, cursor)) }).range(head),
      );
    }
    this.decorations = Decoration.set(out, true);
  }
}

export function carets(text: Y.Text, awareness: Awareness) {
  return [ViewPlugin.define((view) => new Carets(view, text, awareness), { decorations: (c) => c.decorations }), caretTheme];
}
