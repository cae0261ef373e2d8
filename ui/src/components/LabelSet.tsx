// A label set as small boxes, sorted by name.

import type { Labels } from '../lib/series';

export default function LabelSet({ labels, skip = [] }: { labels: Labels; skip?: readonly string[] }) {
  const names = Object.keys(labels).filter((name) => !skip.includes(name)).sort();
  return (
    <span className="labels">
      {names.map((name) => (
        <span key={name}><i>{name}=</i>{labels[name] === '' ? '""' : labels[name]}</span>
      ))}
      {names.length === 0 && <i className="dim">none</i>}
    </span>
  );
}
