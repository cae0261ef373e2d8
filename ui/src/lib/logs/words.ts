// The words of LogQL with what they do, for completion. Kept beside the language's documentation in docs/user/logs.md.

export interface Word {
  label: string;
  detail: string;
  info: string;
  /** What is put in when it is more than the label; `|` in it is where the cursor goes. */
  insert?: string;
}

export const PIPES: readonly Word[] = [
  { label: '|=', detail: 'line contains', info: 'Keeps lines that contain the text. The fastest filter: put it first.', insert: '|= "§"' },
  { label: '!=', detail: 'line does not contain', info: 'Keeps lines that do not contain the text.', insert: '!= "§"' },
  { label: '|~', detail: 'line matches', info: 'Keeps lines in which the regular expression (RE2) matches; (?i) at its start ignores case.', insert: '|~ "§"' },
  { label: '!~', detail: 'line does not match', info: 'Keeps lines in which the regular expression does not match.', insert: '!~ "§"' },
  { label: '|>', detail: 'line is like a pattern', info: 'Keeps lines like the pattern; <_> stands for anything but nothing.', insert: '|> "§"' },
  { label: '!>', detail: 'line is unlike a pattern', info: 'Keeps lines unlike the pattern.', insert: '!> "§"' },
  { label: '|', detail: 'stage', info: 'Begins a stage: a parser, a filter by field, a format.', insert: '| §' },
];

export const PARSERS: readonly Word[] = [
  { label: 'json', detail: 'parser', info: 'Makes a label of every property of a JSON line; nested ones are joined by _. With arguments only those: json status="response.code".' },
  { label: 'logfmt', detail: 'parser', info: 'Makes a label of every key=value pair. Flags: --strict, --keep-empty.' },
  { label: 'pattern', detail: 'parser', info: 'Takes a line apart by a pattern: pattern "<ip> - - [<_>] \\"<method> <path> <_>\\" <status>". <_> is thrown away.', insert: 'pattern "§"' },
  { label: 'regexp', detail: 'parser', info: 'Makes labels of the named groups of a regular expression: regexp "(?P<status>\\\\d{3})".', insert: 'regexp "§"' },
  { label: 'unpack', detail: 'parser', info: 'Opens what the shipper’s pack stage packed: labels and the line in _entry.' },
];

export const STAGES: readonly Word[] = [
  ...PARSERS,
  { label: 'line_format', detail: 'format', info: 'Writes the line anew from a template: line_format "{{.status}} {{.path}}".', insert: 'line_format "{{.§}}"' },
  { label: 'label_format', detail: 'format', info: 'Renames a label or makes one from a template: label_format app=service, short="{{.msg | trunc 20}}".', insert: 'label_format §' },
  { label: 'decolorize', detail: 'format', info: 'Takes colours and other escape sequences out of lines.' },
  { label: 'drop', detail: 'labels', info: 'Drops labels, or labels with a value: drop pod, level="debug".', insert: 'drop §' },
  { label: 'keep', detail: 'labels', info: 'Keeps these labels only.', insert: 'keep §' },
  { label: 'unwrap', detail: 'numbers', info: 'Takes a label’s value as number for sum_over_time, quantile_over_time and the like; duration(x) and bytes(x) read units.', insert: 'unwrap §' },
];

export const CONVERSIONS: readonly Word[] = [
  { label: 'duration', detail: 'conversion', info: 'Reads 5m30s as seconds.', insert: 'duration(§)' },
  { label: 'duration_seconds', detail: 'conversion', info: 'Reads 5m30s as seconds.', insert: 'duration_seconds(§)' },
  { label: 'bytes', detail: 'conversion', info: 'Reads 5KB and 3MiB as bytes.', insert: 'bytes(§)' },
];

const overTime = (label: string, info: string): Word => ({ label, detail: 'over lines', info, insert: `${label}({§} [5m])` });
const unwrapped = (label: string, info: string): Word => ({ label, detail: 'over numbers', info, insert: `${label}({§} | unwrap x [5m])` });
const aggregation = (label: string, info: string): Word => ({ label, detail: 'aggregation', info, insert: `${label} by (§) ()` });

export const FUNCTIONS: readonly Word[] = [
  { label: '{', detail: 'lines', info: 'A selector of streams by their labels: {app="shop", env=~"prod|staging"}.', insert: '{§}' },
  overTime('rate', 'Lines a second.'),
  overTime('count_over_time', 'How many lines.'),
  overTime('bytes_rate', 'Bytes of lines a second.'),
  overTime('bytes_over_time', 'Bytes of lines.'),
  overTime('absent_over_time', '1 when there is no line.'),
  unwrapped('sum_over_time', 'The sum of the numbers.'),
  unwrapped('avg_over_time', 'Their mean.'),
  unwrapped('min_over_time', 'The least.'),
  unwrapped('max_over_time', 'The greatest.'),
  unwrapped('first_over_time', 'The first.'),
  unwrapped('last_over_time', 'The last.'),
  unwrapped('stddev_over_time', 'Their standard deviation.'),
  unwrapped('stdvar_over_time', 'Their variance.'),
  unwrapped('rate_counter', 'The rate of a counter that stands in the lines.'),
  { label: 'quantile_over_time', detail: 'over numbers', info: 'A quantile of the numbers: quantile_over_time(0.99, {app="x"} | json | unwrap took [5m]).', insert: 'quantile_over_time(0.99, {§} | unwrap x [5m])' },
  aggregation('sum', 'Adds series up.'),
  aggregation('avg', 'The mean of series.'),
  aggregation('min', 'The least of series.'),
  aggregation('max', 'The greatest of series.'),
  aggregation('count', 'How many series.'),
  aggregation('stddev', 'The standard deviation of series.'),
  { label: 'topk', detail: 'aggregation', info: 'The k greatest series.', insert: 'topk(10, §)' },
  { label: 'bottomk', detail: 'aggregation', info: 'The k least series.', insert: 'bottomk(10, §)' },
  { label: 'sort_desc', detail: 'order', info: 'The greatest first.', insert: 'sort_desc(§)' },
  { label: 'sort', detail: 'order', info: 'The least first.', insert: 'sort(§)' },
  { label: 'label_replace', detail: 'labels', info: 'Makes a label from another by a regular expression: label_replace(v, "dst", "$1", "src", "(.*)").', insert: 'label_replace(§, "dst", "$1", "src", "(.*)")' },
  { label: 'vector', detail: 'number', info: 'A number as a series.', insert: 'vector(§)' },
];

export const RANGES: readonly string[] = ['1m', '5m', '10m', '30m', '1h', '6h', '1d'];
