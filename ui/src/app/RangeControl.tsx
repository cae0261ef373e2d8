// The time range of everything on the page, and steps back and forth.

import Dropdown from '../components/Dropdown';
import { IconArrowLeft, IconArrowRight, IconChevronDown, IconClock, IconZoomOut } from '../components/icons';
import { rangeLabel, shiftRange, zoomOut } from '../lib/timerange';
import RangeForm from './RangeForm';
import { useTime } from './time';

export default function RangeControl() {
  const { range, resolved, zone, invalid, nowMs, setRange } = useTime();
  const face = (
    <>
      <IconClock size={16} aria-hidden />
      <span>{invalid ? 'Unreadable range; showing the last hour' : rangeLabel(range, zone)}</span>
      {zone === 'utc' && <span className="tag">UTC</span>}
      <IconChevronDown size={14} aria-hidden />
    </>
  );
  return (
    <div className="button-group range-control" role="group" aria-label="Time range">
      <button type="button" className="button button-icon" aria-label="Earlier" title="Half a range earlier" onClick={() => setRange(shiftRange(resolved, -1))}>
        <IconArrowLeft size={16} aria-hidden />
      </button>
      <Dropdown face={face} className="button range-button">{(close) => <RangeForm close={close} />}</Dropdown>
      <button type="button" className="button button-icon" aria-label="Later" title="Half a range later" onClick={() => setRange(shiftRange(resolved, 1))}>
        <IconArrowRight size={16} aria-hidden />
      </button>
      <button type="button" className="button button-icon wide-only" aria-label="Zoom out" title="Zoom out (or double-click a chart)" onClick={() => setRange(zoomOut(resolved, nowMs))}>
        <IconZoomOut size={16} aria-hidden />
      </button>
    </div>
  );
}
