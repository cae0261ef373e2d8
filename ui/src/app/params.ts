// A page's own state in the address.

import { useCallback, useDeferredValue, useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';

/** How long typing must pause before the address follows. */
const TYPING_MS = 300;

export type SetParams = (changes: Readonly<Record<string, string | readonly string[] | null>>) => void;

/** Changes parameters of this page, keeping all others; empty and null remove one. */
export function useSetParams(): SetParams {
  const [, setParams] = useSearchParams();
  return useCallback(
    (changes) =>
      setParams(
        (current) => {
          const next = new URLSearchParams(current);
          for (const [name, value] of Object.entries(changes)) {
            next.delete(name);
            if (value === null || value === '') continue;
            if (typeof value === 'string') next.set(name, value);
            else for (const one of value) next.append(name, one);
          }
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
}

/** One of the choices; the first when the address names none of them. */
export function useChoice<T extends string>(name: string, choices: readonly T[]): [T, (value: T) => void] {
  const [params] = useSearchParams();
  const set = useSetParams();
  const first = choices[0] as T;
  const value = choices.find((choice) => choice === params.get(name)) ?? first;
  return [value, useCallback((next: T) => set({ [name]: next === first ? null : next }), [set, name, first])];
}

/**
 * Typed text. It lives in the field and follows into the address when the typing pauses: a navigation per key would
 * lose keys. The last value is for filtering, which may lag behind the field.
 */
export function useTyped(name: string): [text: string, setText: (text: string) => void, deferred: string] {
  const [params] = useSearchParams();
  const set = useSetParams();
  const inAddress = params.get(name) ?? '';
  const [text, setText] = useState(inAddress);
  // What this field wrote last: the address arrives at it later, and must not take back what is typed meanwhile.
  const written = useRef(inAddress);
  useEffect(() => {
    if (inAddress === written.current) return;
    // Another address (a link, the back button) replaces what is typed.
    written.current = inAddress;
    setText(inAddress);
  }, [inAddress]);
  useEffect(() => {
    if (text === written.current) return;
    const timer = setTimeout(() => {
      written.current = text;
      set({ [name]: text });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, name, set]);
  return [text, setText, useDeferredValue(text)];
}
