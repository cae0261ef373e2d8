// What the parts of the page do to the question: one object for all of them, so that thousands of rows share it.

import { createContext, useContext } from 'react';
import type { Op, Parser } from '../../lib/logs/edit';
import type { Line } from '../../lib/logs/lines';

/** Where a name comes from decides how it is asked for. */
export type Source = 'stream' | 'meta' | 'parsed' | 'json' | 'logfmt' | 'both';

/** What must be put into a query before it can ask for a name of there. */
export function parserOf(source: Source): Parser {
  return source === 'json' || source === 'logfmt' || source === 'both' ? source : '';
}

export interface LogsActions {
  filter(name: string, op: Op, value: string, source: Source): void;
  toggleColumn(name: string): void;
  volumeBy(name: string, source: Source): void;
  /** Shows the lines around one of its stream. */
  showContext(line: Line): void;
  /** An address that opens this line. */
  linkTo(line: Line): string;
  /** Asks something else altogether. */
  ask(query: string): void;
}

const Context = createContext<LogsActions | null>(null);

export const LogsActionsProvider = Context;

export function useLogsActions(): LogsActions {
  const value = useContext(Context);
  if (value === null) throw new Error('useLogsActions outside its provider');
  return value;
}
