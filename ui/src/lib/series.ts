// Names of series: from a label set to what a legend says.

export type Labels = Readonly<Record<string, string>>;

const PLAIN_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const PLAIN_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** The full name as PromQL writes it, `up{instance="a:1",job="b"}`; names outside the plain alphabet are quoted. */
export function seriesName(labels: Labels): string {
  const name = labels['__name__'] ?? '';
  const pairs = Object.keys(labels)
    .filter((label) => label !== '__name__')
    .sort()
    .map((label) => `${quoteLabel(label)}=${quote(labels[label] ?? '')}`);
  if (name === '' || PLAIN_METRIC.test(name)) {
    return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
  }
  return `{${[quote(name), ...pairs].join(', ')}}`;
}

export function quote(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

export function quoteLabel(label: string): string {
  return PLAIN_LABEL.test(label) ? label : quote(label);
}

/** A selector for one metric by name, plain or quoted. */
export function metricSelector(name: string): string {
  return PLAIN_METRIC.test(name) ? name : `{${quote(name)}}`;
}

/** The labels that differ within a set of series; the others would say the same on every legend line. */
export function distinguishingLabels(sets: readonly Labels[]): string[] {
  const all = new Set<string>();
  for (const labels of sets) for (const label of Object.keys(labels)) all.add(label);
  const first = sets[0] ?? {};
  return [...all].filter((label) => sets.some((labels) => labels[label] !== first[label])).sort();
}

/** Short names for a set of series: only what tells them apart; one lone series keeps its full name. */
export function shortNames(sets: readonly Labels[]): string[] {
  if (sets.length === 1) return [seriesName(sets[0] ?? {})];
  const differing = distinguishingLabels(sets);
  const withName = differing.includes('__name__');
  const labels = differing.filter((label) => label !== '__name__');
  return sets.map((set) => {
    const name = withName ? (set['__name__'] ?? '') : '';
    if (labels.length === 0) return name || seriesName(set);
    if (labels.length === 1 && !withName) return set[labels[0] ?? ''] || '(none)';
    const pairs = labels.filter((label) => set[label] !== undefined).map((label) => `${label}=${quote(set[label] ?? '')}`);
    return `${name}{${pairs.join(', ')}}`;
  });
}
