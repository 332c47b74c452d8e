import { type CSSVariablesResolver, createTheme } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  colors: {
    dark: [
      '#e6e8eb',
      '#b4bac2',
      '#9098a2',
      '#6b737d',
      '#444c56',
      '#2d333b',
      '#242930',
      '#1c1f24',
      '#16191d',
      '#101215',
    ],
  },
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Apple SD Gothic Neo", "Noto Sans KR", "NanumGothic", sans-serif',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.625rem' }, h2: { fontSize: '1.125rem' } } },
});

/** Enough contrast for text that says something, on each ground of both color schemes. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f6f7f9',
    '--mantine-color-dimmed': '#545a61',
    '--mantine-color-error': '#b3261e',
    '--page-card': '#ffffff',
    '--page-line': '#dfe3e8',
    '--page-good': '#1b7a3d',
    '--page-good-ground': '#e6f4ea',
    '--page-bad': '#b3261e',
    '--page-bad-ground': '#fdecea',
    '--page-warn': '#7a4d00',
    '--page-warn-ground': '#fff4dc',
    '--page-accent': '#3b5bdb',
    '--page-accent-ground': '#edf0fd',
  },
  dark: {
    '--mantine-color-body': '#131518',
    '--mantine-color-dimmed': '#a9b0b8',
    '--mantine-color-error': '#ff9e97',
    '--page-card': '#1c1f24',
    '--page-line': '#343a42',
    '--page-good': '#6fd08c',
    '--page-good-ground': '#16301f',
    '--page-bad': '#ff9e97',
    '--page-bad-ground': '#3a1c1b',
    '--page-warn': '#f5c667',
    '--page-warn-ground': '#33270f',
    '--page-accent': '#9db2ff',
    '--page-accent-ground': '#222a45',
  },
});
