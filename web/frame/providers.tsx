import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { isTemporary } from '../api/failure';
import { styleNonce } from '../nonce';
import { cssVariables, theme } from '../theme';

const retried = (times: number) => (failures: number, error: unknown) => isTemporary(error) && failures < times;

const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: retried(1), staleTime: 1_000, networkMode: 'always' },
    mutations: { retry: retried(3), networkMode: 'always' },
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
