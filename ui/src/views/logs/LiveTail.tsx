// Lines as they come.

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { tailUrl } from '../../api/logs';
import { useTime } from '../../app/time';
import { IconAlert, IconPause, IconPlay, IconStop, IconTrash } from '../../components/icons';
import { nanosAfter } from '../../lib/logs/lines';
import type { Level } from '../../lib/logs/levels';
import { collapse } from '../../lib/logs/repeats';
import type { Display } from '../../lib/logs/state';
import { EMPTY_TAIL, rateOf, receive, resume, TAIL_MAX, type TailMessage, type TailState } from '../../lib/logs/tail';
import { grouped } from '../../lib/units';
import LineList from './LineList';
import { useAway } from './useHeld';

/** Messages are gathered for so long before they are shown: a hundred a second would be a hundred renderings. */
const GATHER_MS = 250;
const RETRY_MS = [1000, 2000, 5000, 10_000];
const MESSAGE_LINES = 1000;
/** How far back a tail begins. */
const BEFORE_SECONDS = 300;

interface Props {
  query: string;
  display: Display;
  hidden: ReadonlySet<Level>;
  needles: readonly RegExp[];
  onStop(): void;
}

type Link = { state: 'connecting' | 'open' | 'lost'; why: string };

export default function LiveTail({ query, display, hidden, needles, onStop }: Props) {
  const { zone } = useTime();
  const [tail, setTail] = useState<TailState>(EMPTY_TAIL);
  const [paused, setPaused] = useState(false);
  const [link, setLink] = useState<Link>({ state: 'connecting', why: '' });
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState('');
  const [now, setNow] = useState(() => Date.now() / 1000);
  const started = useRef(Date.now() / 1000);
  /** The time of the newest line: where a connection that was lost goes on. */
  const newest = useRef('');
  const away = useAway();
  const reading = away || open.size > 0;
  // What somebody reads must not run away from under the eyes.
  useEffect(() => {
    if (reading) setPaused(true);
  }, [reading]);
  const pausedNow = useRef(paused);
  pausedNow.current = paused;

  useEffect(() => {
    setTail(EMPTY_TAIL);
    started.current = Date.now() / 1000;
    newest.current = '';
    let socket: WebSocket | null = null;
    let tries = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let done = false;
    let gathered: TailMessage[] = [];
    const show = () => {
      const at = Date.now() / 1000;
      setNow(at);
      if (gathered.length === 0) return;
      const messages = gathered;
      gathered = [];
      newest.current = messages.flatMap(({ streams }) => streams ?? []).flatMap(({ values }) => values.map(([time]) => time)).reduce((last, time) => (time.length > last.length || (time.length === last.length && time > last) ? time : last), newest.current);
      setTail((state) => messages.reduce((sum, message) => receive(sum, message, pausedNow.current, at, started.current), state));
    };
    const connect = () => {
      setLink({ state: 'connecting', why: '' });
      let opened = false;
      const mine = new WebSocket(tailUrl(query, newest.current === '' ? Date.now() / 1000 - BEFORE_SECONDS : nanosAfter(newest.current), MESSAGE_LINES));
      socket = mine;
      mine.onopen = () => {
        opened = true;
        tries = 0;
        setLink({ state: 'open', why: '' });
      };
      mine.onmessage = (event) => {
        if (typeof event.data === 'string') gathered.push(JSON.parse(event.data) as TailMessage);
      };
      mine.onclose = () => {
        if (done) return;
        const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 10_000;
        tries += 1;
        setLink({
          state: 'lost',
          why: opened
            ? `The connection ended; the next try is in ${wait / 1000} s. It goes on where this one ended.`
            : `The server did not start the tail; the next try is in ${wait / 1000} s. It takes queries for lines only, and a limited number of tails at once.`,
        });
        timer = setTimeout(connect, wait);
      };
    };
    connect();
    const gathering = setInterval(show, GATHER_MS);
    return () => {
      done = true;
      clearTimeout(timer);
      clearInterval(gathering);
      socket?.close();
    };
  }, [query]);

  const flip = useCallback(() => {
    setPaused((was) => {
      if (was) {
        setTail(resume);
        setOpen(new Set());
        scrollTo({ top: 0 });
      }
      return !was;
    });
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const at = event.target;
      if (event.key !== ' ' || event.defaultPrevented || (at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT|BUTTON|A)$/.test(at.tagName)))) return;
      event.preventDefault();
      flip();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [flip]);
  const rows = useMemo(() => collapse(tail.lines.filter(({ level }) => !hidden.has(level)), display.dedup), [tail.lines, hidden, display.dedup]);
  const dropped = tail.droppedByServer + tail.droppedHere;
  return (
    <section className="live-tail" aria-label="Live tail">
      <div className="live-bar">
        <span className={`state ${link.state === 'open' ? (paused ? 'state-warn' : 'state-ok') : link.state === 'lost' ? 'state-bad' : 'state-idle'}`}>
          {link.state === 'open' ? (paused ? 'paused' : 'live') : link.state === 'lost' ? 'disconnected' : 'connecting'}
        </span>
        <span className="num"><b>{rateOf(tail, now, started.current).toFixed(1)}</b> lines/s</span>
        <span className="num dim">{grouped(tail.received)} received</span>
        {dropped > 0 && <span className="live-dropped" title={`The server let go of ${grouped(tail.droppedByServer)}, this page of ${grouped(tail.droppedHere)}. The stored lines are whole: stop the tail to see them.`}><IconAlert size={14} aria-hidden /> {grouped(dropped)} dropped</span>}
        <span className="spacer" />
        {paused && tail.waiting.length > 0 && <button type="button" className="button button-small button-primary" onClick={flip}>Show {grouped(tail.waiting.length)} new</button>}
        <button type="button" className="button button-small" onClick={flip} title="Space">{paused ? <IconPlay size={14} aria-hidden /> : <IconPause size={14} aria-hidden />} {paused ? 'Go on' : 'Pause'}</button>
        <button type="button" className="button button-small" onClick={() => setTail((state) => ({ ...state, lines: [], waiting: [] }))}><IconTrash size={14} aria-hidden /> Clear</button>
        <button type="button" className="button button-small" onClick={onStop}><IconStop size={14} aria-hidden /> Stop</button>
      </div>
      {link.why !== '' && <p className="annotation">{link.why}</p>}
      {rows.length === 0 ? (
        <p className="dim live-none">{link.state === 'open' ? 'Connected. Lines appear here as they come; none has come yet.' : 'Waiting for the server.'}</p>
      ) : (
        <LineList rows={rows} display={display} zone={zone} nowMs={now * 1000} needles={needles} open={open} onOpen={setOpen} cursor={cursor} onCursor={setCursor} target="" onEnd={() => undefined} old={false} />
      )}
      {tail.lines.length >= TAIL_MAX && <p className="dim live-none">The newest {grouped(TAIL_MAX)} lines are kept here.</p>}
    </section>
  );
}
