// Colours of series. Each has 3:1 or better against its theme's panel, and neighbours differ in lightness too,
// so that they stay apart without colour vision. From the eleventh series on, dashes tell the rounds apart.

export type Scheme = 'light' | 'dark';

const LIGHT = ['#0b7285', '#d9480f', '#5f3dc4', '#2b8a3e', '#c2255c', '#1864ab', '#8a6100', '#862e9c', '#495057', '#0ca678'];
const DARK = ['#3bc9db', '#ff922b', '#9f8cff', '#69db7c', '#f783ac', '#4dabf7', '#ffd43b', '#e599f7', '#adb5bd', '#96f2d7'];
const DASHES: readonly number[][] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

export function seriesColor(index: number, scheme: Scheme): string {
  const palette = scheme === 'dark' ? DARK : LIGHT;
  return palette[index % palette.length] ?? palette[0] ?? '#888888';
}

export function seriesDash(index: number): number[] {
  return DASHES[Math.floor(index / LIGHT.length) % DASHES.length] ?? [];
}

/** `#rrggbb` with an alpha between 0 and 1. */
export function withAlpha(hex: string, alpha: number): string {
  return `${hex}${Math.round(alpha * 255).toString(16).padStart(2, '0')}`;
}

export interface ChartInk {
  text: string;
  grid: string;
  axis: string;
  cursor: string;
}

export function chartInk(scheme: Scheme): ChartInk {
  return scheme === 'dark'
    ? { text: '#9fb0ba', grid: '#232c32', axis: '#35424b', cursor: '#7d8f9a' }
    : { text: '#55646d', grid: '#e9eef0', axis: '#c9d3d8', cursor: '#8797a0' };
}
