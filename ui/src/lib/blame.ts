// Which label is to blame: how many series a metric would have if a label did not exist.

export interface LabelSpread {
  label: string;
  values: number;
  /** Series that would remain if this label were dropped; null while unknown. */
  without: number | null;
}

/** Below this many series a metric is no problem, whatever its labels. */
export const SERIES_WORTH_BLAME = 50;

/** Labels that identify where a series comes from; they are never the culprit by themselves. */
const IDENTITY = new Set(['job', 'instance', 'le', 'quantile']);

/**
 * Worst first: the label whose removal leaves fewest series. Where that is unknown, the number of values decides.
 */
export function rankLabels(spreads: readonly LabelSpread[]): LabelSpread[] {
  return [...spreads].sort((a, b) => {
    if (a.without !== null && b.without !== null && a.without !== b.without) return a.without - b.without;
    return b.values - a.values;
  });
}

/** The label to name in the verdict: dropping it must save at least half of the series. */
export function culprit(spreads: readonly LabelSpread[], series: number): LabelSpread | null {
  if (series < SERIES_WORTH_BLAME) return null;
  const candidates = spreads.filter(({ label, without, values }) => !IDENTITY.has(label) && without !== null && without > 0 && without <= series / 2 && values > 2);
  return rankLabels(candidates)[0] ?? null;
}

/** The lines of configuration that remove a label from one metric. */
export function dropLabelConfig(metric: string, label: string): string {
  return [
    '# in the job that scrapes it, prometheus.yml',
    'metric_relabel_configs:',
    '  # Emptying the label merges its series. Only safe if the rest still tells series of one scrape apart;',
    '  # otherwise remove the label where the application sets it.',
    '  - source_labels: [__name__]',
    `    regex: ${metric}`,
    `    target_label: ${label}`,
    '    replacement: ""',
  ].join('\n');
}
