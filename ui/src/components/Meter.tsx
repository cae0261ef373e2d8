// A horizontal bar for a share, with its number beside it; the number, not the colour, is the message.

interface Props {
  /** Between 0 and 1. */
  share: number;
  label: string;
  tone?: 'plain' | 'warn' | 'bad';
}

export default function Meter({ share, label, tone = 'plain' }: Props) {
  const percent = Math.min(Math.max(share, 0), 1) * 100;
  return (
    <div className={`meter meter-${tone}`} role="meter" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(percent)} aria-label={label}>
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}
