import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Ending, Order, OrderStatus } from '../api/orders';
import { usePart } from '../frame/part';

interface EndingActionsProps {
  readonly order: Order;
  readonly status: OrderStatus;
}

/** How the order can be ended now. */
export function EndingActions({ order, status }: EndingActionsProps) {
  const { t } = useTranslation();
  const { Part: EndingDialog } = usePart('ending-dialog', () => import('./ending-dialog'));
  const [ending, setEnding] = useState<Ending>('cancel');
  const [isOpen, setIsOpen] = useState(false);
  const possible = [
    ...(status.canCancel ? (['cancel'] as const) : []),
    ...(status.canRefund ? (['refund'] as const) : []),
  ];
  if (possible.length === 0 && !isOpen) return null;
  const open = (chosen: Ending) => {
    setEnding(chosen);
    setIsOpen(true);
  };
  return (
    <section className="card" aria-labelledby="ending">
      <h2 id="ending">{t('ending.title')}</h2>
      <div className="choices">
        {possible.map((choice) => (
          <Button key={choice} variant="default" onClick={() => open(choice)}>
            {t(`ending.${choice}.open`)}
          </Button>
        ))}
      </div>
      {EndingDialog && <EndingDialog order={order} ending={ending} isOpen={isOpen} onClose={() => setIsOpen(false)} />}
    </section>
  );
}
