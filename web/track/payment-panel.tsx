import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { paymentOptionsQuery } from '../api/order-queries';
import type { Order } from '../api/orders';
import { usePart } from '../frame/part';

interface PaymentPanelProps {
  readonly order: Order;
  /** An address was given with an earlier request. */
  readonly hasAddress: boolean;
  /** The carrier does not deliver there. */
  readonly isAddressRefused: boolean;
}

/** How this order can be paid now. */
export function PaymentPanel(props: PaymentPanelProps) {
  const { t } = useTranslation();
  return (
    <section className="card" aria-labelledby="pay">
      <h2 id="pay">{t('pay.title')}</h2>
      <WaysToPay {...props} />
    </section>
  );
}

function WaysToPay(props: PaymentPanelProps) {
  const { t } = useTranslation();
  const options = useQuery(paymentOptionsQuery);
  const { Part: PaymentForm, isError: isBroken } = usePart('payment-form', () => import('./payment-form'));
  const orderId = String(props.order.orderId);
  if (options.isPending) return <p className="dimmed">{t('pay.loading')}</p>;
  if (options.isError) return <Failed tryAgain={() => void options.refetch()} isTrying={options.isFetching} />;
  const { methods, checkoutUrl } = options.data;
  if (checkoutUrl !== null)
    return (
      <div className="choices">
        <p>{t('pay.atShopDetail')}</p>
        <Button component="a" href={checkoutUrl.replaceAll('{orderId}', orderId)} size="md">
          {t('pay.atShop')}
        </Button>
      </div>
    );
  if (methods.length === 0) return <p>{t('pay.contact', { orderId })}</p>;
  if (isBroken) return <Failed tryAgain={() => globalThis.location.reload()} isTrying={false} />;
  if (!PaymentForm) return <p className="dimmed">{t('pay.loading')}</p>;
  return <PaymentForm {...props} methods={methods} />;
}

function Failed({ tryAgain, isTrying }: { readonly tryAgain: () => void; readonly isTrying: boolean }) {
  const { t } = useTranslation();
  return (
    <div className="choices">
      <p>{t('pay.failed')}</p>
      <Button variant="default" onClick={tryAgain} loading={isTrying}>
        {t('page.retry')}
      </Button>
    </div>
  );
}
