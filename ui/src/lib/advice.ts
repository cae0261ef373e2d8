// What to do about an error of the API: one sentence per kind, more precise where the message allows it.

const BY_MESSAGE: ReadonlyArray<readonly [RegExp, string]> = [
  [/pipeline error/i, 'A stage could not read a line. Skip such lines with | __error__="" behind it, or choose another parser.'],
  [/max(imum)? (of )?(entries|lines)|entries limit|series limit|maximum number of series|max_?(entries|series)/i, 'Ask for fewer: a shorter range, more labels in the selector, or an aggregation by fewer labels.'],
  [/at least one matcher|match(es)? (the )?empty|empty-compatible/i, 'Name at least one label with a value in the selector, such as {app="shop"} or {service_name=~".+"}.'],
  [/too many (outstanding )?requests|concurrent/i, 'The server is busy with other questions. Wait a moment, or end one on the page Status.'],
  [/parse error|unknown function|unexpected/i, 'Correct the expression; the place is marked.'],
  [/exceeded maximum resolution/i, 'Choose a larger step or a shorter time range.'],
  [/too many samples|maximum number of samples|would load too many/i, 'Narrow the selector with labels, shorten the range, or aggregate in a recording rule.'],
  [/many-to-many|one-to-many|duplicate series|found duplicate/i, 'Name the labels to match with on(…), and add group_left or group_right if one side has several series.'],
  [/same labelset/i, 'Aggregate first, or keep the label that tells the series apart.'],
];

const BY_KIND: Readonly<Record<string, string>> = {
  bad_data: 'Correct the request; the message names what is wrong.',
  execution: 'The query was understood but could not be evaluated on this data.',
  timeout: 'Shorten the time range, narrow the selector, or raise the query timeout in the configuration.',
  canceled: 'Someone ended this query, or the page asked for something newer. Run it again.',
  unavailable: 'The server is starting or overloaded. It answers by itself when it is ready.',
  not_found: 'Check the name; the server knows the endpoint but not this object.',
  internal: 'The server failed. Its log has the cause; please report it.',
  unreachable: 'Check that the server runs and that nothing between blocks it. This page tries again by itself.',
  unexpected: 'The answer is not the API’s. Check the address and any proxy in front of the server.',
};

export function adviceFor(kind: string, message: string): string {
  const found = kind === 'unreachable' || kind === 'unexpected' ? undefined : BY_MESSAGE.find(([pattern]) => pattern.test(message));
  return found?.[1] ?? BY_KIND[kind] ?? 'The message says what happened.';
}

/** The line of the query and the column (from 0) that `line:column: parse error`, or LogQL's words for it, point at. */
export function errorPosition(message: string, expr: string): { line: string; column: number } | null {
  const match = /\b(\d+):(\d+): parse error/.exec(message) ?? /parse error at line (\d+), col (\d+)/.exec(message);
  if (match === null) return null;
  const line = expr.split('\n')[Number(match[1]) - 1];
  const column = Number(match[2]) - 1;
  if (line === undefined || column < 0 || column > line.length) return null;
  return { line, column };
}
