// Refresh now, and how often to refresh by itself.

import { useIsFetching } from '@tanstack/react-query';
import Dropdown from '../components/Dropdown';
import { IconCheck, IconChevronDown, IconRefresh } from '../components/icons';
import { printDuration } from '../lib/duration';
import { REFRESH_CHOICES } from '../lib/urlstate';
import { useTime } from './time';

function RefreshNow() {
  const { refreshNow } = useTime();
  const fetching = useIsFetching() > 0;
  return (
    <button type="button" className="button button-icon" aria-label="Refresh now" title="Refresh now (r)" onClick={refreshNow}>
      <IconRefresh size={16} aria-hidden className={fetching ? 'busy' : undefined} />
    </button>
  );
}

export default function RefreshControl() {
  const { refresh, intervalMs, setRefresh } = useTime();
  const current = intervalMs === null ? 'Off' : printDuration(intervalMs);
  const face = (
    <>
      <span>{current}</span>
      <IconChevronDown size={14} aria-hidden />
    </>
  );
  return (
    <div className="button-group" role="group" aria-label="Refresh">
      <RefreshNow />
      <Dropdown face={face} className="button refresh-button" label={`Refresh interval: ${current}`}>
        {(close) => (
          <ul className="menu">
            {REFRESH_CHOICES.map((choice) => (
              <li key={choice}>
                <button
                  type="button"
                  aria-pressed={choice === refresh}
                  onClick={() => {
                    setRefresh(choice);
                    close();
                  }}
                >
                  <span>{choice === 'auto' ? 'Auto, by length of range' : choice === 'off' ? 'Off' : `Every ${choice}`}</span>
                  {choice === refresh && <IconCheck size={14} aria-hidden />}
                </button>
              </li>
            ))}
          </ul>
        )}
      </Dropdown>
    </div>
  );
}
