// Preferences kept by the browser. Storage may be forbidden or full; then they last as long as the page.

const PREFIX = 'binnacle.';

export function stored(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Nothing to do: the preference is lost with the page.
  }
}
