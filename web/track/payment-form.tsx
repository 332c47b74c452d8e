import './payment-form-styles';
import { Button, Checkbox, Radio } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../../client/errors';
import { useIdempotencyKeys } from '../api/idempotency-key';
import type { PaymentOptions } from '../api/orders';
import { type Order, type PaymentRequest, payOrder } from '../api/orders';
import { formatMoney } from '../language/money';
import { languageOf } from '../language/translation';
import { AddressFields } from './address-fields';
import { Banner } from './banner';
import { useFailureText } from './failure-text';
import { focusStatus } from './focus-status';
import { missingFields, paymentRequestOf } from './payment-request';

interface PaymentFormProps {
  readonly order: Order;
  readonly methods: PaymentOptions['methods'];
  readonly hasAddress: boolean;
  readonly isAddressRefused: boolean;
}

const isOfField = ({ path }: { readonly path: string }) =>
  path === 'paymentRequest.token' || path.startsWith('shipment.');

/** A request to pay and ship, with a means of payment and an address. */
export default function PaymentForm({ order, methods, hasAddress, isAddressRefused }: PaymentFormProps) {
  const { t, i18n } = useTranslation();
  const queries = useQueryClient();
  const keys = useIdempotencyKeys();
  const form = useRef<HTMLFormElement>(null);
  const [chosenAddress, setChosenAddress] = useState<string>();
  const [missing, setMissing] = useState<readonly string[]>([]);
  const orderId = String(order.orderId);
  const pay = useMutation({
    mutationFn: ({ request, key }: { readonly request: PaymentRequest; readonly key: string }) =>
      payOrder(orderId, request, key),
    onSettled: (_data, error) => keys.ended(error),
    onSuccess: () => {
      focusStatus();
      return queries.invalidateQueries({ queryKey: ['order', orderId] });
    },
  });
  const problem = pay.error instanceof ApiProblem ? pay.error.problem : undefined;
  const refused = problem?.errors ?? [];
  const failure = useFailureText(refused.length > 0 && refused.every(isOfField) ? null : pay.error);
  const isNewAddress = chosenAddress ? chosenAddress === 'new' : !hasAddress || isAddressRefused;

  useEffect(() => {
    // The address of an earlier request is not there any more.
    if (problem?.code === 'SHIPMENT_MISSING') setChosenAddress('new');
  }, [problem]);
  useEffect(() => {
    if (missing.length > 0 || problem) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [missing, problem]);

  const errorOf = (path: string) =>
    missing.includes(path) ? t('pay.required') : refused.find((error) => error.path === path)?.message;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const request = paymentRequestOf(new FormData(event.currentTarget));
    const isMissing = missingFields(request);
    setMissing(isMissing);
    if (isMissing.length > 0) return pay.reset();
    pay.mutate({ request, key: keys.keyOf(request) });
  };

  return (
    <form ref={form} className="form" onSubmit={submit} noValidate>
      <Radio.Group
        name="token"
        label={t('pay.method')}
        defaultValue={methods[0]?.token}
        error={errorOf('paymentRequest.token')}
      >
        <div className="choices">
          {methods.map(({ token, label }) => (
            <Radio key={token} value={token} label={label} />
          ))}
        </div>
      </Radio.Group>
      {hasAddress && (
        <Radio.Group
          name="address"
          label={t('pay.delivery')}
          value={isNewAddress ? 'new' : 'same'}
          onChange={setChosenAddress}
        >
          <div className="choices">
            <Radio value="same" label={t('pay.sameAddress')} />
            <Radio value="new" label={t('pay.newAddress')} />
          </div>
        </Radio.Group>
      )}
      {isNewAddress && (
        <>
          <AddressFields legend={hasAddress ? t('pay.newAddress') : t('pay.delivery')} errorOf={errorOf} />
          <Checkbox name="storage" label={t('pay.storage')} description={t('pay.storageDetail')} />
        </>
      )}
      {failure && (
        <Banner tone="bad" title={failure.title}>
          {failure.detail && <p>{failure.detail}</p>}
        </Banner>
      )}
      <Button type="submit" size="md" fullWidth loading={pay.isPending}>
        {t('pay.submit', { amount: formatMoney(order.totalAmount, order.currency, languageOf(i18n.language)) })}
      </Button>
    </form>
  );
}
