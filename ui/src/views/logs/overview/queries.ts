// The questions of the overview, all over one selector.

/** Levels that count as errors, by the names that the server gives them. */
const ERRORS = 'detected_level=~"error|critical|fatal"';

export interface OverviewQueries {
  lines: string;
  errors: string;
  volume(step: number): string;
  byService(step: number): string;
  errorShare(step: number): string;
  services(seconds: number): string;
}

/** `words` are looked for in the lines as they stand, whatever their case. */
export function overviewQueries(selector: string, words: string, by: string): OverviewQueries {
  const text = words.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/`/g, '.');
  const lines = text === '' ? selector : `${selector} |~ \`(?i)${text}\``;
  const errors = `${lines} | ${ERRORS}`;
  return {
    lines,
    errors,
    volume: (step) => `sum by (detected_level) (count_over_time(${lines} [${step}s]))`,
    byService: (step) => `sum by (${by}) (count_over_time(${lines} [${step}s]))`,
    errorShare: (step) => `sum by (${by}) (count_over_time(${errors} [${step}s])) / sum by (${by}) (count_over_time(${lines} [${step}s]))`,
    services: (seconds) => `sum by (${by}, detected_level) (count_over_time(${lines} [${seconds}s]))`,
  };
}
