// What became of a notification, as icon and word.

import type { Notification } from '../api/alerts';
import { IconCircleCheck, IconCircleX, IconHourglass } from './icons';

const LOOKS = {
  delivered: { icon: IconCircleCheck, tone: 'ok' },
  failed: { icon: IconCircleX, tone: 'bad' },
  held: { icon: IconHourglass, tone: 'warn' },
} as const;

export default function Outcome({ notification: { outcome, test } }: { notification: Pick<Notification, 'outcome' | 'test'> }) {
  const look = LOOKS[outcome];
  return (
    <>
      <span className={`state state-${look.tone}`}><look.icon size={13} aria-hidden /> {outcome}</span>
      {test && <span className="tag">test</span>}
    </>
  );
}
