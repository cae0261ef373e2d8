// Answers asked for before the application's code has arrived. Whoever asks for the same thing first, takes it.

interface Early {
  key: readonly unknown[];
  promise: Promise<unknown>;
  /** The answer, once it is there. */
  value?: unknown;
}

const waiting = new Map<string, Early>();

function name(key: readonly unknown[]): string {
  return JSON.stringify(key);
}

/** Starts a request under the key that a view will use for it. */
export function askEarly<T>(key: readonly unknown[], request: () => Promise<T>): Promise<T> {
  const promise = request();
  const early: Early = { key, promise };
  promise.then(
    (value) => {
      early.value = value;
    },
    // Nobody may come for it; its failure is then nobody's.
    () => undefined,
  );
  waiting.set(name(key), early);
  return promise;
}

/** The early answer, once; otherwise a request of its own. A failed early request is asked again. */
export function takeEarly<T>(key: readonly unknown[], request: () => Promise<T>): Promise<T> {
  const found = waiting.get(name(key));
  if (found === undefined) return request();
  waiting.delete(name(key));
  // Both sides derive key and type from the same function, see queries.ts.
  return (found.promise as Promise<T>).catch(request);
}

/** Takes all answers that have arrived; those still out stay for takeEarly. */
export function arrived(): { key: readonly unknown[]; value: unknown }[] {
  const out: { key: readonly unknown[]; value: unknown }[] = [];
  for (const [id, { key, value }] of waiting) {
    if (value === undefined) continue;
    waiting.delete(id);
    out.push({ key, value });
  }
  return out;
}

/** Resolves when nothing is out any more, at the latest after `ms`. */
export function settledWithin(asking: Promise<unknown>, ms: number): Promise<unknown> {
  const all = asking.then(() => Promise.allSettled([...waiting.values()].map(({ promise }) => promise)));
  return Promise.race([all, new Promise((resolve) => setTimeout(resolve, ms))]);
}
