// Links that notifications make to Alertmanager's own pages: `/#/alerts?receiver=x`, `/#/silences/new?filter=…`.

/** The page of ours that such a link means; null when `hash` is none. */
export function fromAlertmanagerLink(hash: string): string | null {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  if (path.startsWith('/silences')) return '/silences';
  if (path === '/status') return '/routing';
  if (path !== '/alerts' && path !== '/') return null;
  // The filter is a list of matchers in braces; a receiver's name is no label of the alert.
  const filter = (new URLSearchParams(query).get('filter') ?? '').replace(/^\{|\}$/g, '').trim();
  return filter === '' ? '/alerts' : `/alerts?${new URLSearchParams({ search: filter }).toString()}`;
}
