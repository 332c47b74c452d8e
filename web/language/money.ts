import type { Language } from './choose-language';

/** An amount in minor units of its currency; of KRW, which has none, in won. */
export function formatMoney(amountMinor: number, currency: string, language: Language): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  const { maximumFractionDigits = 0 } = format.resolvedOptions();
  return format.format(amountMinor / 10 ** maximumFractionDigits);
}
