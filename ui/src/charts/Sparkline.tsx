// A line without axes for a tile; plain SVG because tiles are many and small.

import { useMemo } from 'react';

const WIDTH = 100;
const HEIGHT = 28;

interface Props {
  values: readonly (number | null)[];
  /** The scale's least and greatest value; the data's own when absent. */
  min?: number;
  max?: number;
}

export function sparkPath(values: readonly (number | null)[], min?: number, max?: number): string {
  const numbers = values.filter((value): value is number => value !== null);
  if (numbers.length < 2) return '';
  const low = min ?? Math.min(...numbers);
  const high = Math.max(max ?? Math.max(...numbers), low);
  const span = high - low || 1;
  let path = '';
  let pen = 'M';
  values.forEach((value, index) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    const x = (index / (values.length - 1)) * WIDTH;
    const y = high === low ? HEIGHT / 2 : HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

export default function Sparkline({ values, min, max }: Props) {
  const path = useMemo(() => sparkPath(values, min, max), [values, min, max]);
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {path !== '' && <path d={path} vectorEffect="non-scaling-stroke" />}
    </svg>
  );
}
