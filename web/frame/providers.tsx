import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { isTemporary } from '../api/problem';
import { styleNonce } from '../nonce';
import { cssVariables, theme } from '../theme';

const RETRIES = 3;
const retry = (failures: number, error: unknown) => isTemporary(error) && failures < RETRIES;

const queries = new QueryClient({
  defaultOptions: {
    queries: { retry, staleTime: 1_000, networkMode: 'always' },
    mutations: { retry, networkMode: 'always' },
  },
});
const colorScheme = localStorageColorSchemeManager();

/** What every page needs around it. */
export function Providers({ children }: { readonly children: ReactNode }) {
  return (
    <QueryClientProvider client={queries}>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        defaultColorScheme="auto"
        colorSchemeManager={colorScheme}
        getStyleNonce={() => styleNonce}
      >
        {children}
      </MantineProvider>
    </QueryClientProvider>
  );
}
