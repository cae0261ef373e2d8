// A severity as icon and word; the colour only repeats them.

import { weightOf } from '../lib/alerts';
import { IconAlert, IconCircleX, IconHelp, IconInfoCircle } from './icons';

const LOOKS = {
  critical: { icon: IconCircleX, tone: 'bad' },
  warning: { icon: IconAlert, tone: 'warn' },
  info: { icon: IconInfoCircle, tone: 'info' },
  none: { icon: IconHelp, tone: 'idle' },
} as const;

export default function Severity({ severity }: { severity: string }) {
  const look = LOOKS[weightOf(severity)];
  return (
    <span className={`state state-${look.tone}`}>
      <look.icon size={13} aria-hidden /> {severity === '' ? 'no severity' : severity}
    </span>
  );
}
