// Targets that discovery found and relabelling dropped.

import { useMemo, useState } from 'react';
import type { Targets } from '../../api/targets';
import LabelSet from '../../components/LabelSet';
import { matchesText, wordsOfDropped } from '../../lib/targets';
import { grouped } from '../../lib/units';

const PAGE = 100;

export default function DroppedList({ targets, text }: { targets: Targets; text: string }) {
  const [shown, setShown] = useState(0);
  const listed = useMemo(() => (targets.droppedTargets ?? []).filter((target) => matchesText(wordsOfDropped(target), text)), [targets, text]);
  const counts = Object.values(targets.droppedTargetCounts ?? {}).reduce((sum, count) => sum + count, 0);
  const total = Math.max(counts, targets.droppedTargets?.length ?? 0);
  if (total === 0) return null;
  return (
    <section className="panel dropped" aria-label="Dropped targets">
      <header className="panel-head">
        <h2>Dropped by relabelling</h2>
        <span className="panel-note">{grouped(total)} discovered but not scraped{total > (targets.droppedTargets?.length ?? 0) ? `; the server keeps ${grouped(targets.droppedTargets?.length ?? 0)} of them` : ''}</span>
        <span className="spacer" />
        <button type="button" className="button button-small" aria-expanded={shown > 0} onClick={() => setShown(shown > 0 ? 0 : PAGE)}>{shown > 0 ? 'Hide' : 'Show'}</button>
      </header>
      {shown > 0 && (
        <div className="panel-body">
          <ul className="dropped-list">
            {listed.slice(0, shown).map((target, index) => (
              <li key={index}><LabelSet labels={target.discoveredLabels} /></li>
            ))}
          </ul>
          {listed.length === 0 && <p className="dim">None contains these words.</p>}
          {listed.length > shown && <button type="button" className="button button-small" onClick={() => setShown(shown + PAGE)}>Show more of {grouped(listed.length)}</button>}
        </div>
      )}
    </section>
  );
}
