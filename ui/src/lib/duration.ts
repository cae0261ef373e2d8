// Durations as Prometheus writes them: `1h30m`, `90s`, `250ms`. Milliseconds inside.

const UNIT_MS: ReadonlyArray<readonly [string, number]> = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** Parses `1h30m` into milliseconds; a bare number is seconds, as the API takes it. Null when it is not a duration. */
export function parseDuration(text: string): number | null {
  const source = text.trim();
  if (source === '') return null;
  if (/^\d+(\.\d+)?$/.test(source)) return Number(source) * 1000;
  if (!/^(\d+(\.\d+)?(ms|[ywdhms]))+$/.test(source)) return null;
  let total = 0;
  for (const [, amount, unit] of source.matchAll(/(\d+(?:\.\d+)?)(ms|[ywdhms])/g)) {
    const size = UNIT_MS.find(([name]) => name === unit)?.[1];
    if (size === undefined) return null;
    total += Number(amount) * size;
  }
  return total;
}

/** Prints milliseconds exactly, largest unit first: 5400000 is `1h30m`. Weeks and years only when they divide evenly. */
export function printDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = Math.round(Math.abs(ms));
  let out = '';
  for (const [name, size] of UNIT_MS) {
    if ((name === 'y' || name === 'w') && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) out += `${count}${name}`;
    rest -= count * size;
  }
  return ms < 0 ? `-${out}` : out;
}

/** Prints at most two units, for people: `3d 4h`, `12m`, `42s`, `18 ms`. */
export function humanDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const abs = Math.abs(seconds);
  const sign = seconds < 0 ? '-' : '';
  if (abs === 0) return '0 s';
  if (abs < 1e-6) return `${sign}${(abs * 1e9).toFixed(0)} ns`;
  if (abs < 1e-3) return `${sign}${trim(abs * 1e6)} µs`;
  if (abs < 1) return `${sign}${trim(abs * 1e3)} ms`;
  if (abs < 60) return `${sign}${trim(abs)} s`;
  const whole = Math.round(abs);
  const d = Math.floor(whole / 86_400);
  const h = Math.floor((whole % 86_400) / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = whole % 60;
  if (d > 0) return `${sign}${d}d${h > 0 ? ` ${h}h` : ''}`;
  if (h > 0) return `${sign}${h}h${m > 0 ? ` ${m}m` : ''}`;
  return `${sign}${m}m${s > 0 ? ` ${s}s` : ''}`;
}

function trim(value: number): string {
  const text = value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
