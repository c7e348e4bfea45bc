// A labelled input with its hint and what is wrong with it, tied together for those who listen.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Props {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  wrong?: string | undefined;
  placeholder?: string;
  required?: boolean;
  numeric?: boolean;
  choices?: readonly string[]; // what is likely; anything else may be typed
}

export function Field({ label, value, onInput, hint, wrong, placeholder, required, numeric, choices }: Props) {
  const id = useId();
  const about = [hint ? `${id}-hint` : '', wrong ? `${id}-wrong` : ''].join(' ').trim();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={value}
        placeholder={placeholder}
        required={required}
        inputMode={numeric ? 'numeric' : 'text'}
        autocomplete="off"
        list={choices ? `${id}-list` : undefined}
        spellcheck={false}
        aria-describedby={about || undefined}
        aria-invalid={wrong ? true : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {choices && (
        <datalist id={`${id}-list`}>
          {choices.map((c) => (
            <option key={c} value={c} />
          ))}
        </datalist>
      )}
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {wrong && (
        <p id={`${id}-wrong`} class="wrong">
          {wrong}
        </p>
      )}
    </div>
  );
}
