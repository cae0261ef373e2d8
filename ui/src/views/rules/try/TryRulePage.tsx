// Try a rule before it is saved: what the linter says while it is typed, and what it would have done in the past.

import '../rules.css';
import './try.css';
import '../../../components/codemirror.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { lintRules, replayRules, ruleGroups, type Finding, type Rule, type RuleGroup } from '../../../api/rules';
import { useChoice } from '../../../app/params';
import { store, stored } from '../../../app/storage';
import { useTime } from '../../../app/time';
import ErrorNote from '../../../components/ErrorNote';
import { IconArrowLeft, IconPlay } from '../../../components/icons';
import PageHead from '../../../components/PageHead';
import Panel from '../../../components/Panel';
import { CopyButton } from '../../../components/Yaml';
import { ruleFileOf } from '../../../lib/rules';
import { isoSeconds } from '../../../lib/timerange';
import { carryShared } from '../../../lib/urlstate';
import Findings from './Findings';
import ReplayResult from './ReplayResult';

const RuleEditor = lazy(() => import('./RuleEditor'));

const EXAMPLE = `groups:
  - name: example
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 1m
        labels:
          severity: warning
        annotations:
          summary: "{{ $labels.instance }} does not answer"
`;

const LINT_PAUSE_MS = 400;
const NONE: readonly Finding[] = [];
const STORED = 'try-rules';

const SPANS = [['1d', 'Last day', 86_400], ['1h', 'Last hour', 3600], ['7d', 'Last 7 days', 7 * 86_400], ['30d', 'Last 30 days', 30 * 86_400], ['range', 'Range above', 0]] as const;

function find(groups: readonly RuleGroup[], params: URLSearchParams): [RuleGroup, Rule] | null {
  for (const group of groups) {
    if (group.file !== params.get('file') || group.name !== params.get('group')) continue;
    const rule = group.rules.find((one) => one.name === params.get('rule') && String(one.line) === params.get('line')) ?? group.rules.find((one) => one.name === params.get('rule'));
    if (rule !== undefined) return [group, rule];
  }
  return null;
}

/** The text: of the rule that the address names, else what was typed last in this browser. */
function useText(): { text: string; setText(text: string): void; ready: boolean } {
  const [params] = useSearchParams();
  const named = params.get('rule') !== null;
  const [typed, setTyped] = useState<string | null>(() => (named ? null : (stored(STORED) ?? EXAMPLE)));
  const rules = useQuery({ queryKey: ['rules-once'], queryFn: ({ signal }) => ruleGroups(signal), enabled: typed === null, staleTime: 60_000 });
  const found = rules.data === undefined ? null : find(rules.data.data.groups, params);
  const text = typed ?? (found === null ? EXAMPLE : ruleFileOf(...found));
  const setText = (next: string) => {
    setTyped(next);
    store(STORED, next);
  };
  return { text, setText, ready: typed !== null || rules.data !== undefined || rules.error !== null };
}

function useLint(text: string) {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), LINT_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const lint = useQuery({ queryKey: ['lint', settled], queryFn: () => lintRules(settled), enabled: settled.trim() !== '', gcTime: 30_000, retry: false });
  // What was said of an older text is not said of this one.
  return settled === text ? { findings: lint.data?.data.findings, error: lint.error, busy: lint.isFetching } : { findings: undefined, error: null, busy: true };
}

export default function TryRulePage() {
  const [params] = useSearchParams();
  const { resolved } = useTime();
  const { text, setText, ready } = useText();
  const [over, setOver] = useChoice('over', SPANS.map(([span]) => span));
  const lint = useLint(ready ? text : '');
  const replay = useMutation({
    mutationFn: () => {
      const span = SPANS.find(([one]) => one === over)?.[2] ?? 0;
      const end = span === 0 ? resolved.end : Date.now() / 1000;
      return replayRules({ rules: text, start: isoSeconds(Math.floor(span === 0 ? resolved.start : end - span)), end: isoSeconds(Math.floor(end)) });
    },
  });
  return (
    <div className="page try">
      <PageHead
        title="Try a rule"
        controls={<Link className="button" to={carryShared('/rules', params)}><IconArrowLeft size={16} aria-hidden /> Rules</Link>}
      >
        Nothing here is saved or sent. What is good goes into a rule file.
      </PageHead>
      <div className="try-body">
        <Panel
          title="Rule file"
          actions={<CopyButton text={text} />}
        >
          {ready ? (
            <Suspense fallback={<textarea className="rule-editor rule-editor-plain" aria-label="Rule file" value={text} spellCheck={false} onChange={(event) => setText(event.currentTarget.value)} />}>
              <RuleEditor value={text} findings={lint.findings ?? NONE} onChange={setText} onRun={() => replay.mutate()} />
            </Suspense>
          ) : <div className="rule-editor" aria-label="Loading" />}
          <Findings {...lint} />
        </Panel>
        <Panel
          title="Replay"
          note="over what is stored"
          actions={
            <>
              <select className="select select-small" aria-label="Replay over" value={over} onChange={(event) => setOver(SPANS.find(([span]) => span === event.currentTarget.value)?.[0] ?? '1d')}>
                {SPANS.map(([span, name]) => <option key={span} value={span}>{name}</option>)}
              </select>
              <button type="button" className="button button-small button-primary" disabled={replay.isPending || !ready} onClick={() => replay.mutate()}>
                <IconPlay size={14} aria-hidden /> {replay.isPending ? 'Replaying…' : 'Replay'}
              </button>
            </>
          }
        >
          {replay.error !== null && <ErrorNote error={replay.error} />}
          {replay.data === undefined && replay.error === null && (
            <p className="dim try-hint">{replay.isPending ? 'Evaluating the rules over the stored past…' : 'Press Replay (or Ctrl+Enter in the editor): every rule of the file is evaluated over the stored past, and you see when it would have fired, how often, and how many series a recording rule would fill.'}</p>
          )}
          {replay.data !== undefined && replay.error === null && <ReplayResult replay={replay.data.data} />}
        </Panel>
      </div>
    </div>
  );
}
