// Something that a person does to the server: busy while it runs, its error kept, everything shown asked again after it.

import { useCallback, useRef, useState } from 'react';
import { useTime } from './time';

export interface Action {
  busy: boolean;
  error: unknown;
  /** Whether it succeeded. A second one waits for nobody: it is refused while the first runs. */
  run(work: () => Promise<unknown>): Promise<boolean>;
}

export function useAction(): Action {
  const { refreshNow } = useTime();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const running = useRef(false);
  const run = useCallback(
    async (work: () => Promise<unknown>) => {
      if (running.current) return false;
      running.current = true;
      setBusy(true);
      setError(null);
      try {
        await work();
        refreshNow();
        return true;
      } catch (cause) {
        setError(cause);
        return false;
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
    [refreshNow],
  );
  return { busy, error, run };
}
