import { useTranslation } from 'react-i18next';
import { isSignedOut } from '../api/failure';
import type { Order, OrderStatus } from '../api/orders';
import { formatMoment } from '../language/moment';
import { languageOf } from '../language/translation';
import { Banner } from './banner';
import { EndingActions } from './ending-actions';
import { History } from './history';
import { Lines } from './lines';
import { useOrderEvents } from './order-events';
import { usePageTitle } from './page-title';
import { Parcel } from './parcel';
import { PaymentPanel } from './payment-panel';
import { isStored, phaseOf } from './phase';
import { HowToSignIn } from './signed-out';
import { StatusCard } from './status-card';

interface OrderViewProps {
  readonly order: Order;
  readonly status: OrderStatus;
  /** Why what is shown could not be brought up to date. */
  readonly error: Error | null;
}

/** An order as it is now; what is shown stays when the connection or the session is lost. */
export function OrderView({ order, status, error }: OrderViewProps) {
  const { t, i18n } = useTranslation();
  const isSignedIn = !isSignedOut(error);
  const orderId = String(order.orderId);
  const { entries, connection } = useOrderEvents(orderId, isSignedIn);
  const phase = phaseOf(status, entries);
  const isInterrupted = isSignedIn && (connection === 'INTERRUPTED' || error !== null);
  usePageTitle(t('page.tabTitle', { orderId, headline: t(`phase.${phase}.title`) }));
  const mayAct = isSignedIn && phase !== 'PROCESSING';

  return (
    <article>
      {!isSignedIn && (
        <Banner tone="bad" title={t('signedOut.titleEnded')}>
          <p>{t('signedOut.detailEnded')}</p>
          <HowToSignIn orderId={orderId} />
        </Banner>
      )}
      {isInterrupted && (
        <Banner tone="warn" title={t('page.interrupted')}>
          <p>{t('page.interruptedDetail')}</p>
        </Banner>
      )}
      <header className="order-header">
        <h1>{t('page.title', { orderId })}</h1>
        <p className="dimmed">{t('page.placedAt', { at: formatMoment(order.createdAt, languageOf(i18n.language)) })}</p>
      </header>
      <div className="columns">
        <div className="column">
          <StatusCard status={status} phase={phase} isLive={isSignedIn && !isInterrupted && connection === 'LIVE'} />
          {!isStored(status) && <Parcel trackingNumber={order.trackingNumber} phase={phase} />}
          {mayAct && status.canPay && (
            <PaymentPanel
              order={order}
              // Each request has an address, its own or that of an earlier one.
              hasAddress={entries.some(({ type }) => type === 'request')}
              isAddressRefused={status.reason === 'SHIPMENT_REFUSED'}
            />
          )}
          <History entries={entries} isLoading={connection === 'CONNECTING'} />
        </div>
        <div className="column">
          <Lines order={order} />
          {isSignedIn && <EndingActions order={order} status={status} />}
        </div>
      </div>
    </article>
  );
}
