import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { signInUrl } from '../api/session';
import { sessionQuery } from '../frame/session-query';
import { Notice } from './notice';
import { usePageTitle } from './page-title';

/** NEW: the reader was not signed in here. */
export type SignedOutWhy = 'ExpiredLink' | 'Ended' | 'New';

/** The order is not shown without a session; signing in leads back to it. */
export function SignedOut({ orderId, why }: { readonly orderId: string; readonly why: SignedOutWhy }) {
  const { t } = useTranslation();
  const title = t(`signedOut.title${why}`);
  usePageTitle(title);
  return (
    <Notice title={title} action={<HowToSignIn orderId={orderId} />}>
      {t(`signedOut.detail${why}`, { orderId })}
    </Notice>
  );
}

export function HowToSignIn({ orderId }: { readonly orderId: string }) {
  const { t } = useTranslation();
  const { data: session } = useQuery({ ...sessionQuery, refetchOnMount: 'always' });
  switch (session?.signIn) {
    case 'OIDC':
      return (
        <Button component="a" href={signInUrl(`/track/${orderId}`)} size="md">
          {t('signedOut.signIn')}
        </Button>
      );
    case 'LINK':
      return (
        <p>
          {t('signedOut.byLink')} <code className="command">npm run -s ordersaga -- open</code>
        </p>
      );
    case 'NONE':
      return <p>{t('signedOut.byShop')}</p>;
    default:
      return null;
  }
}
