/** What a page about one order needs beside the order. */
import { z } from 'zod';
import { text, time } from './common';

export const trackingLinkSchema = z.object({ url: text, expiresAt: time }).meta({
  id: 'TrackingLink',
  examples: [{ url: 'https://orders.example/track/17?link=eyJ', expiresAt: '2026-12-30T09:00:00.000Z' }],
});

export const paymentOptionsSchema = z
  .object({
    methods: z
      .array(z.object({ method: z.literal('CARD'), token: text, label: text }))
      .describe("The sandbox's test cards; with a real provider, the shop's own page takes the card"),
    checkoutUrl: text.nullable().describe('Where an order is paid: `{orderId}` in it is to be replaced'),
  })
  .meta({
    id: 'PaymentOptions',
    examples: [{ methods: [{ method: 'CARD', token: 'tok_visa', label: 'Visa test card' }], checkoutUrl: null }],
  });
