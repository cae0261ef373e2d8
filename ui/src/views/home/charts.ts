// The charts of Home: one query each, and how its answer becomes lines. Pure: no React.

import type { Answer } from '../../api/client';
import type { Grid, Ranged } from '../../api/queries';
import { sumColumns, toColumns } from '../../lib/samples';
import type { Labels } from '../../lib/series';
import type { Unit } from '../../lib/units';

export interface Line {
  label: string;
  values: (number | null)[];
  reference?: boolean;
  absolute?: boolean;
  /** Colour index, where a name should keep its colour whatever else is there. */
  ink?: number;
}

interface Row {
  labels: Labels;
  values: (number | null)[];
}

export interface Chart {
  id: string;
  title: string;
  note: string;
  unit: Unit;
  stacked?: boolean;
  bounds?: { min?: number; max?: number };
  /** `on` is a comma-separated list of matchers, `window` a duration such as `1m`. */
  expr(on: string, window: string): string;
  lines(rows: readonly Row[]): Line[];
  /** Why it may be empty on a healthy machine. */
  whenEmpty: string;
}

/** A chart's answer, ready to draw. */
export interface Drawn {
  times: number[];
  lines: Line[];
  grid: Grid;
  series: number;
  tookMs: number;
  warnings: string[];
  infos: string[];
}

export function draw(chart: Chart, answer: Answer<Ranged>): Drawn {
  const { grid, result } = answer.data;
  const { times, values } = toColumns(result, grid.start, grid.end, grid.step);
  const rows = result.map(({ metric }, index) => ({ labels: metric, values: values[index] ?? [] }));
  return {
    times, grid, lines: chart.lines(rows), series: result.length,
    tookMs: answer.tookMs, warnings: answer.warnings, infos: answer.infos,
  };
}

/** Tags each part of a union with a label, because functions such as rate() drop the metric name. */
function tagged(tag: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts)
    .map(([name, expr]) => `label_replace(${expr}, "${tag}", "${name}", "", "")`)
    .join('\nor ');
}

/** Lines in a fixed order with fixed colours; names that are not in the order come last. */
function ordered(rows: readonly Row[], order: readonly string[], name: (labels: Labels) => string): Line[] {
  const rank = (label: string) => (order.includes(label) ? order.indexOf(label) : order.length);
  return rows
    .map(({ labels, values }) => ({ label: name(labels), values, ink: rank(name(labels)) }))
    .sort((a, b) => a.ink - b.ink || a.label.localeCompare(b.label));
}

const REAL_DISKS = 'device!~"(loop|ram|zram|dm-|md|sr|fd).*"';
const REAL_NETS = 'device!~"lo|veth.*|docker.*|br-.*|cni.*|cali.*|flannel.*|ifb.*|dummy.*|tun.*|tap.*"';

const CPU_MODES = ['user', 'system', 'iowait', 'softirq', 'irq', 'steal', 'nice'];

const cpu: Chart = {
  id: 'cpu',
  title: 'CPU by mode',
  note: 'share of all cores',
  unit: 'ratio',
  stacked: true,
  bounds: { min: 0 },
  expr: (on, window) => `avg by (mode) (rate(node_cpu_seconds_total{${on},mode!="idle"}[${window}]))`,
  lines: (rows) =>
    ordered(rows, CPU_MODES, ({ mode = '' }) => mode).filter(
      ({ label, values }) => label === 'user' || label === 'system' || values.some((value) => value !== null && value > 0),
    ),
  whenEmpty: 'A rate needs two scrapes; the first points appear within seconds.',
};

const MEMORY = ['MemTotal', 'MemAvailable', 'MemFree', 'Buffers', 'Cached', 'SReclaimable', 'SwapTotal', 'SwapFree'];

function memoryLines(rows: readonly Row[]): Line[] {
  const byName = new Map(rows.map(({ labels, values }) => [(labels['__name__'] ?? '').slice(12, -6), values]));
  const total = byName.get('MemTotal');
  const available = byName.get('MemAvailable');
  if (total === undefined || available === undefined) return [];
  const free = byName.get('MemFree') ?? [];
  const minus = (from: (number | null)[], ...what: (number | null)[][]) =>
    from.map((value, at) => (value === null ? null : Math.max(what.reduce((rest, column) => rest - (column[at] ?? 0), value), 0)));
  const lines: Line[] = [
    { label: 'used', values: minus(total, available), ink: 0 },
    // What the kernel would give back: the rest of "available" is page cache and reclaimable slabs.
    { label: 'reclaimable cache', values: minus(available, free), ink: 5 },
    { label: 'total', values: total, ink: 8, reference: true },
  ];
  const swap = byName.get('SwapTotal');
  if (swap?.some((value) => (value ?? 0) > 0) === true) {
    lines.push({ label: 'swap used', values: minus(swap, byName.get('SwapFree') ?? []), ink: 4, reference: true });
  }
  return lines;
}

const memory: Chart = {
  id: 'memory',
  title: 'Memory',
  note: '',
  unit: 'bytes',
  stacked: true,
  bounds: { min: 0 },
  expr: (on) => `{__name__=~"node_memory_(${MEMORY.join('|')})_bytes",${on}}`,
  lines: memoryLines,
  whenEmpty: 'node_memory_* has no samples in this range.',
};

const load: Chart = {
  id: 'load',
  title: 'Load average',
  note: '',
  unit: 'short',
  bounds: { min: 0 },
  expr: (on) =>
    `{__name__=~"node_load(1|5|15)",${on}}\nor label_replace(count(node_cpu_seconds_total{${on},mode="idle"}), "what", "cores", "", "")`,
  lines: (rows) => {
    const names: Record<string, string> = { node_load1: '1 minute', node_load5: '5 minutes', node_load15: '15 minutes' };
    return ordered(rows, ['1 minute', '5 minutes', '15 minutes', 'cores'], (labels) => labels['what'] ?? names[labels['__name__'] ?? ''] ?? '')
      .map((line) => (line.label === 'cores' ? { ...line, ink: 8, reference: true } : line));
  },
  whenEmpty: 'node_load1 has no samples in this range.',
};

const network: Chart = {
  id: 'network',
  title: 'Network',
  note: 'received above, sent below zero',
  unit: 'bytesPerSecond',
  expr: (on, window) =>
    tagged('direction', {
      received: `sum by (device) (rate(node_network_receive_bytes_total{${on},${REAL_NETS}}[${window}]))`,
      sent: `-sum by (device) (rate(node_network_transmit_bytes_total{${on},${REAL_NETS}}[${window}]))`,
    }),
  lines: (rows) =>
    [...rows]
      .sort((a, b) => (a.labels['device'] ?? '').localeCompare(b.labels['device'] ?? '') || (a.labels['direction'] ?? '').localeCompare(b.labels['direction'] ?? ''))
      .map(({ labels, values }) => ({ label: `${labels['device'] ?? ''} ${labels['direction'] ?? ''}`, values, absolute: true })),
  whenEmpty: 'No physical interface has counters in this range; virtual and loopback ones are left out.',
};

const diskBusy: Chart = {
  id: 'disk-busy',
  title: 'Disk busy',
  note: 'share of time with requests in flight',
  unit: 'ratio',
  bounds: { min: 0 },
  expr: (on, window) => `rate(node_disk_io_time_seconds_total{${on},${REAL_DISKS}}[${window}])`,
  lines: (rows) => ordered(rows, [], ({ device = '' }) => device).map((line, index) => ({ ...line, ink: index })),
  whenEmpty: 'No disk has counters in this range; loop, RAM and mapped devices are left out.',
};

const diskBytes: Chart = {
  id: 'disk-bytes',
  title: 'Disk throughput',
  note: 'read above, written below zero',
  unit: 'bytesPerSecond',
  expr: (on, window) =>
    tagged('direction', {
      read: `sum by (device) (rate(node_disk_read_bytes_total{${on},${REAL_DISKS}}[${window}]))`,
      written: `-sum by (device) (rate(node_disk_written_bytes_total{${on},${REAL_DISKS}}[${window}]))`,
    }),
  lines: network.lines,
  whenEmpty: diskBusy.whenEmpty,
};

const pressure: Chart = {
  id: 'pressure',
  title: 'Pressure',
  note: 'share of time some task waited',
  unit: 'ratio',
  bounds: { min: 0 },
  expr: (on, window) =>
    tagged('resource', {
      cpu: `rate(node_pressure_cpu_waiting_seconds_total{${on}}[${window}])`,
      io: `rate(node_pressure_io_waiting_seconds_total{${on}}[${window}])`,
      memory: `rate(node_pressure_memory_waiting_seconds_total{${on}}[${window}])`,
    }),
  lines: (rows) => ordered(rows, ['cpu', 'io', 'memory'], ({ resource = '' }) => resource),
  whenEmpty: 'This kernel does not report pressure (boot it with psi=1).',
};

/** In the order of the page; nine with disk space and processes. */
export const HOST_CHARTS: readonly Chart[] = [cpu, memory, load, network, diskBusy, diskBytes, pressure];

const OWN: Readonly<Record<string, readonly [what: string, expr: (on: string, window: string) => string]>> = {
  samples: ['samples per second', (on, window) => `sum(rate(prometheus_tsdb_head_samples_appended_total{${on}}[${window}]))`],
  series: ['series', (on) => `sum(prometheus_tsdb_head_series{${on}})`],
  memory: ['resident memory', (on) => `sum(process_resident_memory_bytes{${on}})`],
  cpu: ['cores used', (on, window) => `sum(rate(process_cpu_seconds_total{${on}}[${window}]))`],
};

export const OWN_MATCHERS = 'job="binnacle"';

/** Binnacle's own numbers come in one query: each line is a chart of its own on the page. */
export const OWN_CHART: Chart = {
  id: 'own',
  title: 'Binnacle',
  note: '',
  unit: 'short',
  expr: (on, window) => tagged('what', Object.fromEntries(Object.entries(OWN).map(([name, [, expr]]) => [name, expr(on, window)]))),
  lines: (rows) => rows.map(({ labels, values }) => ({ label: labels['what'] ?? '', values })),
  whenEmpty: 'Binnacle has not scraped itself yet.',
};

/** The expression of one of Binnacle's own lines alone, for "Open in Explore". */
export function ownExpr(name: string, window: string): string {
  return OWN[name]?.[1](OWN_MATCHERS, window) ?? '';
}

export function lineOf(drawn: Drawn | undefined, label: string): (number | null)[] {
  return drawn?.lines.find((line) => line.label === label)?.values ?? [];
}

/** The sum of all stacked lines. */
export function totalOf(drawn: Drawn | undefined): (number | null)[] {
  return sumColumns((drawn?.lines ?? []).filter(({ reference }) => reference !== true).map(({ values }) => values));
}

export function lastOf(values: readonly (number | null)[]): number | null {
  for (let at = values.length - 1; at >= 0; at--) {
    const value = values[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

export const POINTS = 240;

export const FILESYSTEMS = (on: string) =>
  `{__name__=~"node_filesystem_(avail|size)_bytes",${on},fstype!~"tmpfs|ramfs|overlay|squashfs|devtmpfs|iso9660|fuse.lxcfs|nsfs"}`;

export const PROCESSES = (on: string, window: string) =>
  tagged('what', {
    cpu: `sum by (groupname) (rate(namedprocess_namegroup_cpu_seconds_total{${on}}[${window}]))`,
    memory: `sum by (groupname) (namedprocess_namegroup_memory_bytes{${on},memtype="resident"})`,
    count: `sum by (groupname) (namedprocess_namegroup_num_procs{${on}})`,
  });

export const TARGETS = 'count_values by (job) ("state", up)';
