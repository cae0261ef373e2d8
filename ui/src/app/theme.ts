import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** Deep sea green, the product's colour; index 7 carries white text at 5:1 and better. */
const petrol: MantineColorsTuple = [
  '#e6f5f7', '#d0e9ed', '#a3d4dc', '#72bcc8', '#4aa6b5', '#2c93a4', '#17808f', '#0b6877', '#07535f', '#033d47',
];

/** Greys of the dark theme, tinted like the product's colour. */
const dark: MantineColorsTuple = [
  '#d5dee3', '#b3c0c7', '#8fa0a9', '#6b7c86', '#46555e', '#35424b', '#252f36', '#1a2227', '#12181c', '#0c1114',
];

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  colors: { petrol, dark },
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '11px', sm: '12.5px', md: '13.5px', lg: '15px', xl: '18px' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
});
