// A group: its health and what it costs, then its rules.

import { memo, useState } from 'react';
import Ago from '../../components/Ago';
import { humanDuration } from '../../lib/duration';
import type { ShownGroup } from '../../lib/rules';
import { formatValue, grouped } from '../../lib/units';
import RuleRow, { ruleKey } from './RuleRow';

const ROWS = 60;

/** A group that needs more than this share of its interval will soon miss evaluations. */
const BUSY_SHARE = 0.5;

function Health({ group }: { group: ShownGroup }) {
  const never = group.iterations === 0;
  return (
    <>
      {group.failing > 0 && <span className="state state-bad">{grouped(group.failing)} failing</span>}
      {group.firing > 0 && <span className="state state-bad">{grouped(group.firing)} firing</span>}
      {group.failing === 0 && !never && <span className="state state-ok">ok</span>}
      {never && <span className="state state-idle">not yet</span>}
      {group.findings > 0 && <span className="state state-warn">{grouped(group.findings)} {group.findings === 1 ? 'finding' : 'findings'}</span>}
      {group.missedIterations > 0 && <span className="state state-warn" title="Evaluations that were due while the one before still ran">{grouped(group.missedIterations)} missed</span>}
    </>
  );
}

export default memo(function GroupPanel({ group, open, narrowed }: { group: ShownGroup; open: string | null; narrowed: boolean }) {
  const [folded, setFolded] = useState(false);
  const [shown, setShown] = useState(ROWS);
  const share = group.interval > 0 ? group.evaluationTime / group.interval : 0;
  return (
    <section className="panel rule-group" aria-label={`Group ${group.name}`}>
      <header className="panel-head">
        <h3><button type="button" className="group-toggle" aria-expanded={!folded} onClick={() => setFolded(!folded)}>{group.name}</button></h3>
        <Health group={group} />
        <span className="spacer" />
        <dl className="group-cost">
          <div><dt>Every</dt><dd>{humanDuration(group.interval)}</dd></div>
          <div><dt>Took</dt><dd>{humanDuration(group.evaluationTime)}{share > BUSY_SHARE && <span className="state state-warn">{formatValue(share, 'ratio')} of its interval</span>}</dd></div>
          <div><dt>Samples read</dt><dd>{formatValue(group.samples, 'short')}</dd></div>
          <div><dt>Last</dt><dd><Ago time={group.lastEvaluation} /></dd></div>
          {group.queryOffset > 0 && <div><dt>Offset</dt><dd>{humanDuration(group.queryOffset)}</dd></div>}
          {group.limit > 0 && <div><dt>Limit</dt><dd>{grouped(group.limit)}</dd></div>}
        </dl>
      </header>
      {!folded && (
        <ul className="rule-list">
          {group.rules.slice(0, shown).map((rule) => {
            const key = ruleKey(group, rule);
            return <RuleRow key={key} group={group} rule={rule} open={key === open} />;
          })}
        </ul>
      )}
      {!folded && group.rules.length > shown && <p className="panel-body"><button type="button" className="button button-small" onClick={() => setShown(shown + 5 * ROWS)}>Show more of {grouped(group.rules.length)}</button></p>}
      {narrowed && group.rules.length < group.total && <p className="panel-body dim rule-hidden">{grouped(group.total - group.rules.length)} more do not match</p>}
    </section>
  );
});
