import '@mantine/core/styles/Input.css';
import { Button, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../../client/errors';
import { useIdempotencyKeys } from '../api/idempotency-key';
import { type Ending, endOrder, type Order } from '../api/orders';
import { Dialog } from '../frame/dialog';
import { formatMoney } from '../language/money';
import { languageOf } from '../language/translation';
import { Banner } from './banner';
import { useFailureText } from './failure-text';
import { focusStatus } from './focus-status';

const LONGEST_REASON = 500;

interface EndingDialogProps extends Omit<EndingFormProps, 'onTaken'> {
  readonly isOpen: boolean;
}

/** Asks once more, and why, before an order is cancelled or given back. */
export default function EndingDialog({ isOpen, ...props }: EndingDialogProps) {
  const { t } = useTranslation();
  const { ending, onClose } = props;
  const isTaken = useRef(false);
  const closed = () => {
    onClose();
    // The button to which the focus returns goes away.
    if (isTaken.current) focusStatus();
    isTaken.current = false;
  };
  const taken = () => {
    isTaken.current = true;
    onClose();
  };
  return (
    <Dialog title={t(`ending.${ending}.title`)} isOpen={isOpen} onClose={closed}>
      <EndingForm {...props} onTaken={taken} />
    </Dialog>
  );
}

interface EndingFormProps {
  readonly order: Order;
  readonly ending: Ending;
  readonly onClose: () => void;
  readonly onTaken: () => void;
}

function EndingForm({ order, ending, onClose, onTaken }: EndingFormProps) {
  const { t, i18n } = useTranslation();
  const queries = useQueryClient();
  const keys = useIdempotencyKeys();
  const [isMissing, setIsMissing] = useState(false);
  const orderId = String(order.orderId);
  const end = useMutation({
    mutationFn: ({ reason, key }: { readonly reason: string; readonly key: string }) =>
      endOrder(orderId, ending, reason, key),
    onSuccess: onTaken,
    // A refusal means that the order is not as it is shown.
    onSettled: (_data, error) => {
      keys.ended(error);
      return queries.invalidateQueries({ queryKey: ['order', orderId] });
    },
  });
  const refused = end.error instanceof ApiProblem ? end.error.problem.errors?.[0]?.message : undefined;
  const failure = useFailureText(refused ? null : end.error);
  const amount = formatMoney(order.totalAmount, order.currency, languageOf(i18n.language));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get('reason') ?? '').trim();
    setIsMissing(reason === '');
    if (reason !== '') end.mutate({ reason, key: keys.keyOf({ ending, reason }) });
  };

  return (
    <form className="form" onSubmit={submit} noValidate>
      <p>{t(`ending.${ending}.detail`, { amount })}</p>
      <Textarea
        name="reason"
        label={t(`ending.${ending}.reason`)}
        maxLength={LONGEST_REASON}
        rows={3}
        error={isMissing ? t('ending.required') : refused}
      />
      {failure && (
        <Banner tone="bad" title={failure.title}>
          {failure.detail && <p>{failure.detail}</p>}
        </Banner>
      )}
      <div className="dialog-actions">
        <Button variant="default" onClick={onClose}>
          {t('ending.keep')}
        </Button>
        <Button type="submit" color="red" loading={end.isPending}>
          {t(`ending.${ending}.submit`)}
        </Button>
      </div>
    </form>
  );
}
