// The parts of the server and how each is doing.

import { ApiError } from '../../api/client';
import { health as fetchHealth } from '../../api/status';
import { useResource } from '../../api/hooks';
import { IconAlert, IconCircleCheck } from '../../components/icons';
import Panel from '../../components/Panel';
import { Missing } from './Facts';

const GOOD = new Set(['ok', 'ready', 'up', 'healthy', 'running']);

export default function HealthPanel() {
  const { data, error } = useResource('health', fetchHealth);
  const good = data !== undefined && GOOD.has(data.status);
  const missing = error instanceof ApiError && error.status === 404;
  return (
    <Panel title="Health" note={data === undefined ? '' : good ? 'all parts work' : data.status} error={missing || data !== undefined ? undefined : (error ?? undefined)}>
      <Missing error={error} endpoint="/health/ready" />
      <ul className="components">
        {(data?.components ?? []).map(({ name, state, message }) => {
          const fine = GOOD.has(state);
          return (
            <li key={name}>
              <span className={fine ? 'state state-ok' : 'state state-bad'}>
                {fine ? <IconCircleCheck size={13} aria-hidden /> : <IconAlert size={13} aria-hidden />} {state}
              </span>
              <b>{name}</b>
              {message !== undefined && message !== '' && <span className="dim">{message}</span>}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
