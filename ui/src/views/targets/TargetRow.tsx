// One target: state, when and how long it was scraped, and on demand its labels before and after relabelling.

import { memo, useState } from 'react';
import { Link } from 'react-router';
import type { ActiveTarget } from '../../api/targets';
import { IconArrowRight, IconChevronDown, IconCircleCheck, IconCircleX, IconHelp } from '../../components/icons';
import LabelSet from '../../components/LabelSet';
import { humanDuration, parseDuration } from '../../lib/duration';
import { quote } from '../../lib/series';
import { scrapeAdvice } from '../../lib/targets';

const STATES = {
  up: { icon: IconCircleCheck, tone: 'ok', word: 'up' },
  down: { icon: IconCircleX, tone: 'bad', word: 'down' },
  unknown: { icon: IconHelp, tone: 'idle', word: 'not yet' },
} as const;

/** Seconds since the scrape; null before the first. */
export function sinceScrape(lastScrape: string, nowMs: number): number | null {
  const at = Date.parse(lastScrape);
  return Number.isNaN(at) || at <= 0 ? null : Math.max((nowMs - at) / 1000, 0);
}

interface Props {
  target: ActiveTarget;
  nowMs: number;
}

export default memo(function TargetRow({ target, nowMs }: Props) {
  const [open, setOpen] = useState(false);
  const state = STATES[target.health];
  const since = sinceScrape(target.lastScrape, nowMs);
  const timeout = parseDuration(target.scrapeTimeout ?? '');
  const slow = timeout !== null && target.lastScrapeDuration * 1000 > timeout * 0.7;
  const advice = target.lastError === '' ? '' : scrapeAdvice(target.lastError);
  const selector = `{job=${quote(target.labels['job'] ?? '')}, instance=${quote(target.labels['instance'] ?? '')}}`;
  return (
    <>
      <tr className={target.health === 'down' ? 'target-down' : undefined}>
        <td>
          <button type="button" className="icon-button" aria-expanded={open} aria-label={`Details of ${target.scrapeUrl}`} onClick={() => setOpen(!open)}>
            {open ? <IconChevronDown size={15} aria-hidden /> : <IconArrowRight size={15} aria-hidden />}
          </button>
        </td>
        <td><span className={`state state-${state.tone}`}><state.icon size={13} aria-hidden /> {state.word}</span></td>
        <td className="target-url">
          <code>{target.scrapeUrl}</code>
          {target.lastError !== '' && (
            <div className="target-error">{target.lastError}{advice !== '' && <span className="target-advice"> {advice}</span>}</div>
          )}
        </td>
        <td className="target-labels"><LabelSet labels={target.labels} skip={['job']} /></td>
        <td className="num">{since === null ? 'never' : `${humanDuration(Math.round(since))} ago`}</td>
        <td className="num">
          {since === null ? '–' : humanDuration(target.lastScrapeDuration)}
          {slow && <span className="state state-warn" title={`More than 70 % of the timeout, ${target.scrapeTimeout ?? ''}`}>slow</span>}
        </td>
        <td className="num dim">{target.scrapeInterval ?? ''}</td>
      </tr>
      {open && (
        <tr className="target-details">
          <td />
          <td colSpan={6}>
            <div className="target-sides">
              <div>
                <h3>Before relabelling</h3>
                <LabelSet labels={target.discoveredLabels} />
              </div>
              <div>
                <h3>After relabelling</h3>
                <LabelSet labels={target.labels} />
              </div>
            </div>
            <p className="dim">
              Timeout {target.scrapeTimeout ?? 'unknown'}. See{' '}
              <Link to={`/explore?${new URLSearchParams([['q', `scrape_duration_seconds${selector}`], ['q', `scrape_samples_scraped${selector}`], ['q', `up${selector}`]]).toString()}`}>
                its scrape time, samples and state over time
              </Link>.
            </p>
          </td>
        </tr>
      )}
    </>
  );
});
