import './ending-dialog-styles';
import { Button, Modal, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Ending, endOrder, type Order } from '../api/orders';
import { RequestRefused } from '../api/problem';
import { formatMoney } from '../language/money';
import { languageOf } from '../language/translation';
import { Banner } from './banner';
import { useFailureText } from './failure-text';

const LONGEST_REASON = 500;

interface EndingDialogProps {
  readonly order: Order;
  readonly ending: Ending;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Asks once more, and why, before an order is cancelled or given back. */
export default function EndingDialog({ order, ending, isOpen, onClose }: EndingDialogProps) {
  const { t, i18n } = useTranslation();
  const queries = useQueryClient();
  const [isMissing, setIsMissing] = useState(false);
  const orderId = String(order.orderId);
  const end = useMutation({
    mutationFn: ({ reason, key }: { readonly reason: string; readonly key: string }) =>
      endOrder(orderId, ending, reason, key),
    onSuccess: onClose,
    // A refusal means that the order is not as it is shown.
    onSettled: () => queries.invalidateQueries({ queryKey: ['order', orderId] }),
  });
  const refused = end.error instanceof RequestRefused ? end.error.problem.errors?.[0]?.message : undefined;
  const failure = useFailureText(refused ? null : end.error);
  const amount = formatMoney(order.totalAmount, order.currency, languageOf(i18n.language));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get('reason') ?? '').trim();
    setIsMissing(reason === '');
    if (reason !== '') end.mutate({ reason, key: crypto.randomUUID() });
  };
  const forget = () => {
    end.reset();
    setIsMissing(false);
  };

  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      onExitTransitionEnd={forget}
      title={t(`ending.${ending}.title`, { orderId })}
      centered
      closeButtonProps={{ 'aria-label': t('ending.keep') }}
    >
      <form className="form" onSubmit={submit} noValidate>
        <p>{t(`ending.${ending}.detail`, { amount })}</p>
        <Textarea
          name="reason"
          label={t(`ending.${ending}.reason`)}
          maxLength={LONGEST_REASON}
          rows={3}
          error={isMissing ? t('ending.required') : refused}
          data-autofocus
        />
        {failure && (
          <Banner tone="bad" title={failure.title}>
            {failure.detail && <p>{failure.detail}</p>}
          </Banner>
        )}
        <div className="answers">
          <Button variant="default" onClick={onClose}>
            {t('ending.keep')}
          </Button>
          <Button type="submit" color="red" loading={end.isPending}>
            {t(`ending.${ending}.submit`)}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
