// Names with values: build, runtime, flags.

import Panel from '../../components/Panel';
import EmptyState from '../../components/EmptyState';
import { ApiError } from '../../api/client';
import type { Flat } from '../../api/status';

interface Props {
  title: string;
  facts: Flat | undefined;
  error: unknown;
  endpoint: string;
  /** How the API's names read. Names that are not here are shown as they are. */
  names?: Readonly<Record<string, string>>;
  mono?: boolean;
}

/** `goVersion` becomes "Go version"; names with dots or dashes (flags) stay. */
export function readable(name: string): string {
  if (/[.-]/.test(name)) return name;
  const words = name.replace(/_/g, ' ').replace(/([a-z0-9])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function Missing({ error, endpoint }: { error: unknown; endpoint: string }) {
  if (error instanceof ApiError && error.status === 404) {
    return (
      <EmptyState compact title="Not available from this server">
        <code>{endpoint}</code> does not exist there. Binnacle answers it; another Prometheus-compatible server may not.
      </EmptyState>
    );
  }
  return null;
}

export default function Facts({ title, facts, error, endpoint, names = {}, mono = false }: Props) {
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <Panel title={title} error={missing || facts !== undefined ? undefined : error} pending={facts === undefined}>
      <Missing error={error} endpoint={endpoint} />
      <dl className={mono ? 'facts facts-mono' : 'facts'}>
        {Object.entries(facts ?? {}).map(([name, value]) => (
          <div key={name}>
            <dt>{mono ? name : (names[name] ?? readable(name))}</dt>
            <dd>{String(value) === '' ? <span className="dim">empty</span> : String(value)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
