import { useComputedColorScheme } from '@mantine/core';
import type { Scheme } from './palette';

/** The theme in effect. The value on the page is right from the first paint (theme.js), so nothing flashes. */
export function useScheme(): Scheme {
  return useComputedColorScheme('light', { getInitialValueInEffect: false });
}
