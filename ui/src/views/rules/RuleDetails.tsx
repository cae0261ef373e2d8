// Everything about one rule: expression, texts, what the linter says, its alerts.

import { Link, useSearchParams } from 'react-router';
import type { AlertingRule, Rule } from '../../api/rules';
import Ago from '../../components/Ago';
import { IconAlert, IconExternal, IconFlask, IconInfoCircle } from '../../components/icons';
import LabelSet from '../../components/LabelSet';
import Promql from '../../components/Promql';
import { humanDuration } from '../../lib/duration';
import { toneOfFinding, type ShownGroup } from '../../lib/rules';
import { parseSample } from '../../lib/samples';
import { formatValue, grouped } from '../../lib/units';
import { carryShared } from '../../lib/urlstate';

const ALERTS_MAX = 100;

function ActiveAlerts({ rule }: { rule: AlertingRule }) {
  const alerts = rule.alerts ?? [];
  if (alerts.length === 0) return <p className="dim">No alert of this rule is pending or firing.</p>;
  return (
    <div className="table-scroll">
      <table className="table">
        <thead><tr><th>State</th><th>Labels</th><th className="num">Active for</th><th className="num">Value</th></tr></thead>
        <tbody>
          {alerts.slice(0, ALERTS_MAX).map((alert) => (
            <tr key={JSON.stringify(alert.labels)}>
              <td><span className={alert.state === 'firing' ? 'state state-bad' : 'state state-warn'}>{alert.state}</span></td>
              <td><LabelSet labels={alert.labels} skip={['alertname']} /></td>
              <td className="num"><Ago time={alert.activeAt} after="" /></td>
              <td className="num">{formatValue(parseSample(alert.value), 'short')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {alerts.length > ALERTS_MAX && <p className="dim">and {grouped(alerts.length - ALERTS_MAX)} more</p>}
    </div>
  );
}

export default function RuleDetails({ group, rule }: { group: ShownGroup; rule: Rule }) {
  const [params] = useSearchParams();
  const annotations = rule.type === 'alerting' ? Object.entries(rule.annotations) : [];
  const own = rule.type === 'recording' ? rule.name : rule.query;
  return (
    <div className="rule-details">
      <Promql expr={rule.query} />
      <div className="rule-links">
        <Link className="button button-small" to={carryShared('/explore', params, { q: rule.query })}>Explore <IconExternal size={14} aria-hidden /></Link>
        {rule.type === 'recording' && <Link className="button button-small" to={carryShared('/explore', params, { q: own })}>What it recorded <IconExternal size={14} aria-hidden /></Link>}
        {rule.type === 'alerting' && <Link className="button button-small" to={carryShared('/alerts', params, { search: `alertname=${JSON.stringify(rule.name)}` })}>Alerts <IconExternal size={14} aria-hidden /></Link>}
        <Link className="button button-small" to={carryShared('/rules/try', params, { file: group.file, group: group.name, rule: rule.name, line: String(rule.line) })}><IconFlask size={14} aria-hidden /> Change and try</Link>
      </div>
      {(rule.findings ?? []).map((finding) => (
        <p key={finding} className={toneOfFinding(finding) === 'info' ? 'annotation annotation-info rule-finding' : 'annotation rule-finding'}>{toneOfFinding(finding) === 'info' ? <IconInfoCircle size={14} aria-hidden /> : <IconAlert size={14} aria-hidden />} {finding}</p>
      ))}
      <dl className="rule-facts">
        {rule.type === 'alerting' && <div><dt>Fires after</dt><dd>{rule.duration === 0 ? 'at once' : humanDuration(rule.duration)}{rule.keepFiringFor > 0 && `, stays ${humanDuration(rule.keepFiringFor)} longer`}</dd></div>}
        {Object.keys(rule.labels).length > 0 && <div><dt>Labels</dt><dd><LabelSet labels={rule.labels} /></dd></div>}
        {annotations.map(([name, text]) => <div key={name}><dt>{name}</dt><dd className="rule-text">{text}</dd></div>)}
        <div><dt>Last evaluated</dt><dd><Ago time={rule.lastEvaluation} />, in {humanDuration(rule.evaluationTime)}</dd></div>
        <div><dt>Line</dt><dd>{rule.line} of <code>{group.file}</code></dd></div>
      </dl>
      {rule.type === 'alerting' && <ActiveAlerts rule={rule} />}
    </div>
  );
}
