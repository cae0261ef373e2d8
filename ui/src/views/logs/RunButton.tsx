// Runs the query; while it runs for long, gives it up.

import { useEffect, useState } from 'react';
import { useIsFetching, useQueryClient, type Query } from '@tanstack/react-query';
import { IconPlay, IconStop } from '../../components/icons';

/** Shorter waits need no button. */
const LONG_MS = 800;
const ASKED = ['logs-lines', 'logs-volume', 'logs-metric', 'logs-patterns'];

/** The questions that Run asks, not those of the side. */
const isAnswer = ({ queryKey }: Query) => ASKED.includes(String(queryKey[0]));

export default function RunButton({ onRun }: { onRun(): void }) {
  const client = useQueryClient();
  const running = useIsFetching({ predicate: isAnswer }) > 0;
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (!running) {
      setLong(false);
      return;
    }
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, [running]);
  if (long) {
    return (
      <button type="button" className="button button-primary" title="Give the question up" onClick={() => void client.cancelQueries({ predicate: isAnswer })}>
        <IconStop size={15} aria-hidden /> Stop
      </button>
    );
  }
  return <button type="button" className="button button-primary" onClick={onRun} title="Run (Enter)"><IconPlay size={15} aria-hidden /> Run</button>;
}
