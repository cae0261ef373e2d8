// What the query filters, piece by piece, each to be taken away.

import { IconX } from '../../components/icons';
import { anatomy, withoutPiece } from '../../lib/logs/edit';

export default function FilterChips({ query, onAsk }: { query: string; onAsk(query: string): void }) {
  const parts = anatomy(query);
  if (parts === null || parts.matchers.length + parts.stages.length < 2) return null;
  const removable = [...(parts.matchers.length > 1 ? parts.matchers : []), ...parts.stages];
  return (
    <ul className="filter-chips" aria-label="Pieces of the query">
      {removable.map((piece) => (
        <li key={piece.from}>
          <code>{piece.text}</code>
          <button type="button" aria-label={`Take away ${piece.text}`} title="Take this away" onClick={() => onAsk(withoutPiece(query, piece))}><IconX size={12} aria-hidden /></button>
        </li>
      ))}
    </ul>
  );
}
