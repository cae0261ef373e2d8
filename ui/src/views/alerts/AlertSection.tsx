// Alerts that belong together: the group that is notified as one, a state, or a team.

import { memo, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import LabelSet from '../../components/LabelSet';
import { useTime } from '../../app/time';
import { stateOf, type Section } from '../../lib/alerts';
import { secondsOf, untilText } from '../../lib/since';
import { grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';
import AlertRow from './AlertRow';

const ROWS = 50;

interface Props {
  section: Section;
  /** Fingerprint of the alert whose details are open. */
  open: string | null;
}

export default memo(function AlertSection({ section, open }: Props) {
  const [params] = useSearchParams();
  const { nowMs } = useTime();
  const [shown, setShown] = useState(ROWS);
  const { title, labels, receiver, nextFlush, alerts } = section;
  const firing = alerts.filter((alert) => stateOf(alert) === 'firing').length;
  // An alert that a link names is shown however far down it is.
  const visible = alerts.filter(({ fingerprint }, at) => at < shown || fingerprint === open);
  const rest = labels === null ? [] : Object.keys(labels).filter((name) => name !== 'alertname');
  return (
    <section className="panel alert-section" aria-label={title === '' ? 'Group' : title}>
      <header className="panel-head">
        <h2>{title === '' ? 'Group' : title}</h2>
        {rest.length > 0 && labels !== null && <LabelSet labels={labels} skip={['alertname']} />}
        <span className="dim num">{firing === alerts.length ? `${grouped(firing)} firing` : `${grouped(firing)} of ${grouped(alerts.length)} firing`}</span>
        <span className="spacer" />
        {receiver !== null && (
          <span className="section-target dim">
            to <Link to={carryShared('/routing', params, { receiver })}>{receiver}</Link>
            {secondsOf(nextFlush) !== null && <>, looked at {untilText(nextFlush, nowMs) === 'now' ? 'now' : `in ${untilText(nextFlush, nowMs)}`}</>}
          </span>
        )}
      </header>
      <ul className="alert-list">
        {visible.map((alert) => <AlertRow key={alert.fingerprint} alert={alert} skip={labels} open={alert.fingerprint === open} />)}
      </ul>
      {alerts.length > shown && <p className="panel-body"><button type="button" className="button button-small" onClick={() => setShown(shown + 5 * ROWS)}>Show more of {grouped(alerts.length)}</button></p>}
    </section>
  );
});
