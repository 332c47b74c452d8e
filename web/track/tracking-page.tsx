import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { isNotFound, isSignedOut, isTemporary } from '../api/failure';
import { orderQuery, statusQuery } from '../api/order-queries';
import { Loading } from './loading';
import { NotFound } from './not-found';
import { Notice } from './notice';
import { OrderView } from './order-view';
import { SignedOut } from './signed-out';

const ORDER_ID = /^[1-9]\d{0,15}$/;
const TRY_AGAIN_MS = 5_000;

interface TrackingPageProps {
  readonly orderId: string;
  /** The reader has come by a link that is too old. */
  readonly isLinkExpired: boolean;
}

/** One order for its customer, or why it cannot be shown. */
export function TrackingPage({ orderId, isLinkExpired }: TrackingPageProps) {
  const { t } = useTranslation();
  const isPossible = ORDER_ID.test(orderId);
  const refetchInterval = ({ state }: { readonly state: { readonly error: unknown } }) =>
    isTemporary(state.error) ? TRY_AGAIN_MS : false;
  const order = useQuery({ ...orderQuery(orderId), enabled: isPossible, refetchInterval });
  const status = useQuery({ ...statusQuery(orderId), enabled: isPossible, refetchInterval });
  const error = status.error ?? order.error;

  if (!isPossible || isNotFound(error)) return <NotFound />;
  if (order.data && status.data) return <OrderView order={order.data} status={status.data} error={error} />;
  if (isSignedOut(error)) return <SignedOut orderId={orderId} why={isLinkExpired ? 'ExpiredLink' : 'New'} />;
  if (!error) return <Loading />;
  const tryAgain = () => void Promise.all([order.refetch(), status.refetch()]);
  return (
    <Notice
      title={isTemporary(error) ? t('unavailable.title') : t('unexpected.title')}
      action={
        <Button variant="default" onClick={tryAgain} loading={order.isFetching || status.isFetching}>
          {t('page.retry')}
        </Button>
      }
    >
      {isTemporary(error) ? t('unavailable.detail') : t('failed.unexpected')}
    </Notice>
  );
}
