// Levels of lines: their names, order and colours.

import type { Labels } from '../series';

export type Level = 'critical' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | '';

/** Most severe last, so that a stack of bars stands on what matters. The empty one is a line without a level. */
export const LEVELS: readonly Level[] = ['', 'trace', 'debug', 'info', 'warn', 'error', 'critical'];

const NAMES = ['detected_level', 'level', 'severity', 'lvl', 'severity_text'];
const ALIASES: Readonly<Record<string, Level>> = {
  critical: 'critical', crit: 'critical', fatal: 'critical', emerg: 'critical', emergency: 'critical', alert: 'critical', panic: 'critical',
  error: 'error', err: 'error', eror: 'error',
  warn: 'warn', warning: 'warn',
  info: 'info', information: 'info', informational: 'info', notice: 'info',
  debug: 'debug', dbug: 'debug',
  trace: 'trace',
};

/** The level that a word means; empty when it means none. */
export function levelNamed(word: string): Level {
  return ALIASES[word.toLowerCase()] ?? '';
}

/** The level of a line by the first label that names one. */
export function levelOf(...sets: readonly Labels[]): Level {
  for (const labels of sets) {
    for (const name of NAMES) {
      const level = levelNamed(labels[name] ?? '');
      if (level !== '') return level;
    }
  }
  return '';
}

export function levelTitle(level: Level): string {
  return level === '' ? 'no level' : level;
}

const COLORS: Readonly<Record<'light' | 'dark', Readonly<Record<Level, string>>>> = {
  light: { critical: '#7d1fa0', error: '#c92a2a', warn: '#e08e0b', info: '#2c8a9b', debug: '#7a8fa6', trace: '#a9b6c2', '': '#8d979e' },
  dark: { critical: '#d39bf0', error: '#ff7b72', warn: '#f0b23e', info: '#46b3c4', debug: '#7890a8', trace: '#56687a', '': '#6d7a83' },
};

export function levelColor(level: Level, scheme: 'light' | 'dark'): string {
  return COLORS[scheme][level];
}
