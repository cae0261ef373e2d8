// One rule: kind, name, state, cost; on demand everything about it.

import { lazy, memo, Suspense } from 'react';
import type { Rule } from '../../api/rules';
import { useSetParams } from '../../app/params';
import { IconAlert, IconArrowRight, IconBell, IconCheck, IconChevronDown, IconCircleX, IconHelp, IconHourglass, IconInfoCircle } from '../../components/icons';
import Severity from '../../components/Severity';
import { humanDuration } from '../../lib/duration';
import { stateOfRule, toneOfFinding, type ShownGroup } from '../../lib/rules';
import { formatValue, grouped } from '../../lib/units';

const RuleDetails = lazy(() => import('./RuleDetails'));

const LOOKS = {
  error: { icon: IconCircleX, tone: 'bad', word: 'failing' },
  firing: { icon: IconBell, tone: 'bad', word: 'firing' },
  pending: { icon: IconHourglass, tone: 'warn', word: 'pending' },
  finding: { icon: IconAlert, tone: 'warn', word: 'finding' },
  inactive: { icon: IconCheck, tone: 'ok', word: 'inactive' },
  recording: { icon: IconCheck, tone: 'ok', word: 'ok' },
  waiting: { icon: IconHelp, tone: 'idle', word: 'not yet' },
} as const;

/** Names a rule in an address; a file may say the same name twice, but not on one line. */
export function ruleKey(group: Pick<ShownGroup, 'file' | 'name'>, rule: Rule): string {
  return `${group.file}:${rule.line}:${group.name}:${rule.name}`;
}

export default memo(function RuleRow({ group, rule, open }: { group: ShownGroup; rule: Rule; open: boolean }) {
  const set = useSetParams();
  const look = LOOKS[stateOfRule(rule)];
  const active = rule.type === 'alerting' ? (rule.alerts?.length ?? 0) : 0;
  const findings = rule.findings?.length ?? 0;
  const heavy = rule.findings?.some((text) => toneOfFinding(text) !== 'info') ?? false;
  return (
    <li className="rule">
      <button type="button" className="rule-head" aria-expanded={open} onClick={() => set({ rule: open ? null : ruleKey(group, rule) })}>
        <span className="rule-chevron">{open ? <IconChevronDown size={15} aria-hidden /> : <IconArrowRight size={15} aria-hidden />}</span>
        <span className="rule-state"><span className={`state state-${look.tone}`}><look.icon size={13} aria-hidden /> {look.word}</span></span>
        <span className="rule-what">
          <b>{rule.name}</b> <span className="tag">{rule.type === 'alerting' ? 'alert' : 'record'}</span>
          {rule.type === 'alerting' && rule.labels['severity'] !== undefined && <Severity severity={rule.labels['severity']} />}
          {findings > 0 && <span className={heavy ? 'state state-warn' : 'state state-idle'}>{heavy ? <IconAlert size={13} aria-hidden /> : <IconInfoCircle size={13} aria-hidden />} {grouped(findings)} {findings === 1 ? 'finding' : 'findings'}</span>}
          <code className="rule-expr">{rule.query.replace(/\s+/g, ' ')}</code>
        </span>
        <span className="rule-count num">{rule.type === 'alerting' ? (active === 0 ? <span className="dim">no alerts</span> : `${grouped(active)} ${active === 1 ? 'alert' : 'alerts'}`) : `${formatValue(rule.series, 'short')} series`}</span>
        <span className="rule-took num">{humanDuration(rule.evaluationTime)}</span>
        <span className="rule-samples num dim">{formatValue(rule.samples, 'short')} samples</span>
      </button>
      {rule.lastError !== undefined && <p className="rule-error">{rule.lastError}</p>}
      {open && (
        <Suspense fallback={<div className="rule-details" style={{ minHeight: 160 }} aria-label="Loading" />}>
          <RuleDetails group={group} rule={rule} />
        </Suspense>
      )}
    </li>
  );
});
