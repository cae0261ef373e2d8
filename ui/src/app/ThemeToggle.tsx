import { useMantineColorScheme } from '@mantine/core';
import { IconMoon, IconSun, IconSystem } from '../components/icons';

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' } as const;
const SAYS = { auto: 'following the system', light: 'light', dark: 'dark' } as const;

export default function ThemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Glyph = colorScheme === 'auto' ? IconSystem : colorScheme === 'light' ? IconSun : IconMoon;
  return (
    <button
      type="button"
      className="button button-icon button-quiet"
      aria-label={`Theme: ${SAYS[colorScheme]}. Switch to ${SAYS[NEXT[colorScheme]]}`}
      title={`Theme: ${SAYS[colorScheme]}`}
      onClick={() => setColorScheme(NEXT[colorScheme])}
    >
      <Glyph size={17} aria-hidden />
    </button>
  );
}
