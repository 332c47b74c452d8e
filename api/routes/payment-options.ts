import type { Text } from '../../contracts/language';
import { paymentOptionsSchema } from '../../contracts/responses/tracking';
import { route } from '../route';

/** The cards of the sandbox that mean something to a person who tries the system out. */
const TEST_CARDS: readonly { readonly token: string; readonly label: Text }[] = [
  { token: 'tok_visa', label: { ko: 'Visa 테스트 카드', en: 'Visa test card' } },
  { token: 'tok_declined', label: { ko: '거절되는 테스트 카드', en: 'Test card that is declined' } },
];

export const paymentOptionRoutes = [
  route('GET /api/payment-options', {
    id: 'getPaymentOptions',
    summary: 'How an order can be paid from its page',
    access: 'public',
    response: {
      status: 200,
      data: paymentOptionsSchema,
      message: { ko: '결제 수단 조회 성공', en: 'The ways to pay' },
    },
    async handle({ language }, { settings }) {
      const cards = settings.PAYMENT_PROVIDER === 'sandbox' ? TEST_CARDS : [];
      return {
        data: {
          methods: cards.map(({ token, label }) => ({ method: 'CARD' as const, token, label: label[language] })),
          checkoutUrl: settings.CHECKOUT_URL ?? null,
        },
      };
    },
  }),
] as const;
