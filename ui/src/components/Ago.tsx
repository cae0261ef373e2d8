// How long ago, with the exact time on a hover and for those who read by ear.

import { useTime } from '../app/time';
import { secondsOf, sinceText } from '../lib/since';
import { formatTime } from '../lib/timerange';

export default function Ago({ time, after = ' ago' }: { time: string | null | undefined; after?: string }) {
  const { nowMs, zone } = useTime();
  const at = secondsOf(time);
  if (at === null) return <span className="dim">never</span>;
  return <time dateTime={time ?? ''} title={formatTime(at, zone, true)}>{sinceText(time, nowMs)}{after}</time>;
}
