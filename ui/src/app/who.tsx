// Who acts: asked once, before the first action, and kept by this browser. It names people in histories; it proves nothing.

import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react';
import { IconUser } from '../components/icons';
import { store, stored } from './storage';

export interface Who {
  /** Empty before it was asked. */
  name: string;
  /** The name, asked for when it is not known; null when the question was turned down. */
  ask(): Promise<string | null>;
  rename(): void;
  /** Said elsewhere, in a form; taken when nothing is known yet. */
  remember(name: string): void;
}

const Context = createContext<Who | null>(null);
const KEY = 'who';

function Question({ name, answer }: { name: string; answer(name: string | null): void }) {
  const [text, setText] = useState(name);
  const dialog = useCallback((node: HTMLDialogElement | null) => {
    if (node !== null && !node.open) node.showModal();
  }, []);
  return (
    <dialog className="dialog who-dialog" ref={dialog} aria-labelledby="who-title" onClose={() => answer(null)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') answer(text.trim());
        }}
      >
        <h2 id="who-title">Who are you?</h2>
        <p className="dim">Others see this name beside what you do. This browser keeps it.</p>
        <input className="input" aria-label="Your name" autoComplete="name" maxLength={100} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <div className="dialog-foot">
          <button type="button" className="button" onClick={() => answer(null)}>Cancel</button>
          <button type="submit" className="button button-primary" disabled={text.trim() === ''}>Continue</button>
        </div>
      </form>
    </dialog>
  );
}

export function WhoProvider({ children }: { children: ReactNode }) {
  const [name, setName] = useState(() => stored(KEY) ?? '');
  const [asking, setAsking] = useState(false);
  const waiting = useRef<((name: string | null) => void)[]>([]);

  const answer = useCallback((given: string | null) => {
    if (given !== null) {
      store(KEY, given);
      setName(given);
    }
    setAsking(false);
    for (const tell of waiting.current.splice(0)) tell(given);
  }, []);
  const value = useMemo<Who>(
    () => ({
      name,
      rename: () => setAsking(true),
      remember: (said) => {
        if (name !== '' || said === '') return;
        store(KEY, said);
        setName(said);
      },
      ask: () => {
        if (name !== '') return Promise.resolve(name);
        setAsking(true);
        return new Promise((resolve) => waiting.current.push(resolve));
      },
    }),
    [name],
  );
  return (
    <Context value={value}>
      {children}
      {asking && <Question name={name} answer={answer} />}
    </Context>
  );
}

export function useWho(): Who {
  const value = useContext(Context);
  if (value === null) throw new Error('useWho outside WhoProvider');
  return value;
}

/** The name, to be changed. */
export function WhoButton() {
  const { name, rename } = useWho();
  return (
    <button type="button" className="button" title="Who acts from this browser" onClick={rename}>
      <IconUser size={16} aria-hidden /> {name === '' ? 'Who are you?' : name}
    </button>
  );
}
