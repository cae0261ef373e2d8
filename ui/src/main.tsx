// The application: query cache and root. Loaded by boot.ts.

import { QueryClient } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client';
import { arrived } from './api/early';
import App from './app/App';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The shared clock decides when data is old; queries carry their time in their key.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      // A wrong query stays wrong; only an unreachable server deserves another try.
      retry: (failures, error) => error instanceof ApiError && error.kind === 'unreachable' && failures < 2,
      retryDelay: 700,
    },
  },
});

export function start(startMs: number): void {
  for (const { key, value } of arrived()) client.setQueryData(key, value);
  const root = document.getElementById('root');
  if (root !== null) createRoot(root).render(<App client={client} startMs={startMs} />);
}
