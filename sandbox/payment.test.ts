import { runningSandbox } from './running-sandbox';

const { call, restart, hangs, opened, ledgerTypes } = runningSandbox();

describe('payment', () => {
  it('charges once however often it is confirmed, refunds once however often it is closed, also across a restart', async () => {
    const payment = await opened('tok_visa');
    for (let i = 0; i < 3; i += 1) {
      expect((await call('POST', `${payment}/confirm`)).body).toEqual({ status: 'captured', capturedMinor: 5000 });
    }
    await restart();
    expect((await call('POST', `${payment}/confirm`)).body).toEqual({ status: 'captured', capturedMinor: 5000 });
    for (let i = 0; i < 2; i += 1)
      expect((await call('POST', `${payment}/close`)).body).toEqual({ refundedMinor: 5000 });
    await restart();
    expect((await call('POST', `${payment}/close`)).body).toEqual({ refundedMinor: 5000 });
    expect((await call('GET', '/ledger?orderId=1')).body).toEqual([
      { type: 'charge', orderId: 1, amount: 5000, currency: 'KRW', key: '1:payment:1', at: expect.any(String) },
      { type: 'refund', orderId: 1, amount: 5000, currency: 'KRW', key: '1:payment:1', at: expect.any(String) },
    ]);
    expect(await ledgerTypes(2)).toEqual([]);
  });

  it('gives the same ref for the same key, and refuses the key with another body', async () => {
    expect(await opened('tok_visa')).toBe(await opened('tok_visa'));
    const body = { key: '1:payment:1', orderId: 1, amountMinor: 1, currency: 'KRW', token: 'tok_visa' };
    expect(await call('POST', '/payment/payments', body)).toMatchObject({ status: 422, body: { code: 'KEY_REUSED' } });
  });

  it('refuses a late confirm of a closed payment', async () => {
    const payment = await opened('tok_visa');
    expect((await call('POST', `${payment}/close`)).body).toEqual({ refundedMinor: 0 });
    expect(await call('POST', `${payment}/confirm`)).toMatchObject({ status: 409, body: { code: 'CLOSED' } });
    expect(await ledgerTypes()).toEqual([]);
  });

  it('tok_declined: declines, and says so again', async () => {
    const payment = await opened('tok_declined');
    for (let i = 0; i < 2; i += 1) {
      const { body } = await call('POST', `${payment}/confirm`);
      expect(body).toMatchObject({ status: 'declined', code: 'CARD_DECLINED' });
    }
    expect((await call('POST', `${payment}/close`)).body).toEqual({ refundedMinor: 0 });
  });

  it('tok_timeout_after_charge: charges, and never responds the first time', async () => {
    const payment = await opened('tok_timeout_after_charge');
    expect(await hangs(`${payment}/confirm`)).toBe(true);
    expect((await call('GET', payment)).body).toEqual({ status: 'captured', capturedMinor: 5000 });
    await restart();
    expect((await call('POST', `${payment}/confirm`)).body).toEqual({ status: 'captured', capturedMinor: 5000 });
    expect(await ledgerTypes()).toEqual(['charge']);
  });

  it('tok_timeout_before_charge: hangs once without charging, then works, also across a restart', async () => {
    const payment = await opened('tok_timeout_before_charge');
    expect(await hangs(`${payment}/confirm`)).toBe(true);
    expect((await call('GET', payment)).body).toEqual({ status: 'open' });
    await restart();
    expect((await call('POST', `${payment}/confirm`)).body).toEqual({ status: 'captured', capturedMinor: 5000 });
  });

  it('tok_unavailable: 503 on confirm, while open, lookup and close work', async () => {
    const payment = await opened('tok_unavailable');
    expect((await call('POST', `${payment}/confirm`)).status).toBe(503);
    expect((await call('GET', payment)).body).toEqual({ status: 'open' });
    expect((await call('POST', `${payment}/close`)).body).toEqual({ refundedMinor: 0 });
  });

  it('tok_undo_refused:N: refuses the first N closes, counted across a restart', async () => {
    const payment = await opened('tok_undo_refused:2');
    await call('POST', `${payment}/confirm`);
    const refused = { status: 422, body: { code: 'UNDO_REFUSED' } };
    expect(await call('POST', `${payment}/close`)).toMatchObject(refused);
    await restart();
    expect(await call('POST', `${payment}/close`)).toMatchObject(refused);
    expect((await call('POST', `${payment}/close`)).body).toEqual({ refundedMinor: 5000 });
  });

  it('refuses an unknown token, an unknown ref and a bad body with problem+json', async () => {
    const body = { key: '1:p:1', orderId: 1, amountMinor: 1, currency: 'KRW', token: 'tok_nobody' };
    expect(await call('POST', '/payment/payments', body)).toMatchObject({
      status: 422,
      body: { code: 'INVALID_TOKEN' },
    });
    expect(await call('GET', '/payment/payments/pay_no')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const bad = await call('POST', '/payment/payments', { ...body, amountMinor: 0, currency: 'won' });
    expect(bad).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect(bad.body.errors).toMatchObject([{ path: 'amountMinor' }, { path: 'currency' }]);
  });
});
