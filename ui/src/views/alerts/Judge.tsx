// Whether an alert was worth it: two buttons, of which one may be pressed.

import { judge, type Episode, type Judgement } from '../../api/alerts';
import { useAction } from '../../app/action';
import { useWho } from '../../app/who';
import { IconThumbDown, IconThumbUp } from '../../components/icons';

const CHOICES = [['useful', 'Useful', IconThumbUp], ['falsePositive', 'False positive', IconThumbDown]] as const;

export default function Judge({ episode }: { episode: Episode }) {
  const who = useWho();
  const { busy, error, run } = useAction();
  const press = async (judgement: Judgement) => {
    const by = await who.ask();
    // Pressed again, it is taken back.
    if (by !== null) await run(() => judge(episode.id, episode.judgement === judgement ? null : judgement, by));
  };
  return (
    <span className="judge-cell">
      <span className="button-group judge" role="group" aria-label="Was it worth it?">
        {CHOICES.map(([judgement, label, Glyph]) => (
          <button key={judgement} type="button" className="button button-small" disabled={busy} aria-pressed={episode.judgement === judgement} onClick={() => void press(judgement)}>
            <Glyph size={14} aria-hidden /> {label}
          </button>
        ))}
      </span>
      {error instanceof Error && <span className="field-error" role="alert">{error.message}</span>}
    </span>
  );
}
