import { ActionIcon, Button, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { orderQuery } from '../api/order-queries';
import { signOut } from '../api/session';
import { changeLanguage, languageOf } from '../language/translation';
import { MoonIcon, SunIcon } from './icons';
import { sessionQuery } from './session-query';

interface FrameProps {
  readonly children: ReactNode;
  /** Of a page about one order. */
  readonly orderId: string | undefined;
}

/** Around every page: whose session it is, its language and its colors. */
export function Frame({ children, orderId }: FrameProps) {
  const { t } = useTranslation();
  return (
    <>
      <a className="skip" href="#content">
        {t('frame.skip')}
      </a>
      <header className="frame-header">
        <div className="frame-bar">
          <span className="frame-name">ordersaga</span>
          <SignOut orderId={orderId} />
          <OtherLanguage />
          <OtherColors />
        </div>
      </header>
      <main className="frame-main" id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function OtherLanguage() {
  const { i18n } = useTranslation();
  const other = languageOf(i18n.language) === 'ko' ? 'en' : 'ko';
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-md"
      c="inherit"
      fw={500}
      lang={other}
      onClick={() => void changeLanguage(other)}
    >
      {other === 'en' ? 'English' : '한국어'}
    </Button>
  );
}

function OtherColors() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light', { getInitialValueInEffect: false }) === 'dark';
  const label = isDark ? t('frame.toLight') : t('frame.toDark');
  const change = () => {
    const chosen = isDark ? 'light' : 'dark';
    document.documentElement.style.colorScheme = chosen;
    setColorScheme(chosen);
  };
  return (
    <ActionIcon variant="subtle" color="gray" c="inherit" size="lg" aria-label={label} title={label} onClick={change}>
      {isDark ? <SunIcon /> : <MoonIcon />}
    </ActionIcon>
  );
}

/** Ends the session; a reader who came by a link has none, and closes the order instead. */
function SignOut({ orderId }: { readonly orderId: string | undefined }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const { data: order } = useQuery({ ...orderQuery(orderId ?? ''), enabled: false });
  const leave = (redirectTo: string | null) => {
    if (redirectTo !== null) globalThis.location.assign(redirectTo);
    else void queries.resetQueries();
  };
  const out = useMutation({ mutationFn: () => signOut(orderId), onSuccess: leave });
  if (!session || !(session.user || order)) return null;
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-md"
      c="inherit"
      fw={500}
      loading={out.isPending}
      title={session.user?.email}
      onClick={() => out.mutate()}
    >
      {session.user ? t('frame.signOut') : t('frame.closeOrder')}
    </Button>
  );
}
