// The values under the cursor. One element for all charts, filled by hand: it follows every mouse move.

import type uPlot from 'uplot';
import { formatTime, type Zone } from '../lib/timerange';
import { formatValue, type Unit } from '../lib/units';
import type { ChartSeries } from './plot';

const ROWS_MAX = 14;

let element: HTMLDivElement | null = null;
let owner: uPlot | null = null;

function box(): HTMLDivElement {
  if (element === null) {
    element = document.createElement('div');
    element.className = 'chart-tooltip';
    element.setAttribute('role', 'presentation');
    document.body.append(element);
  }
  return element;
}

function hide(plot: uPlot): void {
  if (owner !== plot) return;
  owner = null;
  if (element !== null) element.style.display = 'none';
}

interface Row {
  index: number;
  value: number;
  distance: number;
}

/** The rows nearest to the pointer, largest value first. */
function rowsAt(plot: uPlot, series: readonly ChartSeries[], at: number, bars: boolean): { rows: Row[]; nearest: number; total: number } {
  const top = plot.cursor.top ?? 0;
  const all: Row[] = [];
  series.forEach((one, index) => {
    const value = one.values[at];
    const drawn = plot.data[index + 1]?.[at];
    // Of a bar, what is not there is not said.
    if (value == null || drawn == null || (bars && value === 0)) return;
    all.push({ index, value, distance: Math.abs(plot.valToPos(drawn, 'y') - top) });
  });
  const nearest = all.reduce<Row | null>((best, row) => (best === null || row.distance < best.distance ? row : best), null);
  let rows = all;
  if (all.length > ROWS_MAX) rows = [...all].sort((a, b) => a.distance - b.distance).slice(0, ROWS_MAX);
  return { rows: [...rows].sort((a, b) => b.value - a.value), nearest: nearest?.index ?? -1, total: all.length };
}

function cell(className: string, text: string): HTMLSpanElement {
  const span = document.createElement('span');
  span.className = className;
  span.textContent = text;
  return span;
}

function fill(node: HTMLDivElement, plot: uPlot, series: readonly ChartSeries[], unit: Unit, zone: Zone, at: number, bars: boolean): void {
  const time = plot.data[0][at] ?? 0;
  const { rows, nearest, total } = rowsAt(plot, series, at, bars);
  const next = plot.data[0][at + 1];
  const until = bars && next !== undefined ? ` – ${formatTime(next, zone, false)}` : '';
  const head = cell('chart-tooltip-time', formatTime(time, zone, true) + until);
  const lines = rows.map(({ index, value }) => {
    const one = series[index];
    const line = document.createElement('div');
    line.className = index === nearest && rows.length > 1 ? 'chart-tooltip-row chart-tooltip-near' : 'chart-tooltip-row';
    const swatch = cell('chart-swatch', '');
    swatch.style.background = one?.color ?? '';
    line.append(swatch, cell('chart-tooltip-name', one?.label ?? ''), cell('chart-tooltip-value', formatValue(one?.absolute ? Math.abs(value) : value, unit)));
    return line;
  });
  node.replaceChildren(head, ...lines);
  if (total > rows.length) node.append(cell('chart-tooltip-more', `${total - rows.length} more; these are nearest to the pointer`));
  if (total === 0) node.append(cell('chart-tooltip-more', bars ? 'nothing' : 'no value at this time'));
}

function place(node: HTMLDivElement, plot: uPlot): void {
  const area = plot.over.getBoundingClientRect();
  const x = area.left + (plot.cursor.left ?? 0);
  const y = area.top + (plot.cursor.top ?? 0);
  node.style.display = 'block';
  const { offsetWidth: width, offsetHeight: height } = node;
  const left = x + 16 + width > innerWidth ? x - 16 - width : x + 16;
  const top = Math.min(Math.max(y - height / 2, 8), innerHeight - height - 8);
  node.style.transform = `translate(${Math.round(Math.max(left, 4))}px, ${Math.round(top)}px)`;
}

export function tooltipPlugin(read: () => { series: readonly ChartSeries[]; unit: Unit; zone: Zone; bars?: boolean }): uPlot.Plugin {
  return {
    hooks: {
      setCursor: (plot) => {
        const at = plot.cursor.idx;
        // A synchronised cursor of a neighbouring chart has no event of its own: it gets a line, not a tooltip.
        if (at == null || (plot.cursor.left ?? -1) < 0 || plot.cursor.event == null || !plot.over.matches(':hover')) {
          hide(plot);
          return;
        }
        owner = plot;
        const node = box();
        const { series, unit, zone, bars } = read();
        fill(node, plot, series, unit, zone, at, bars === true);
        place(node, plot);
      },
      destroy: (plot) => hide(plot),
    },
  };
}
