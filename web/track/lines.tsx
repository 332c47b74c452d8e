import { useTranslation } from 'react-i18next';
import type { Order } from '../api/orders';
import { formatMoney } from '../language/money';
import { languageOf } from '../language/translation';

/** What was ordered, and what it costs. */
export function Lines({ order }: { readonly order: Order }) {
  const { t, i18n } = useTranslation();
  const money = (amount: number) => formatMoney(amount, order.currency, languageOf(i18n.language));
  return (
    <section className="card" aria-labelledby="lines">
      <h2 id="lines">{t('lines.title')}</h2>
      <ul className="lines">
        {order.lines.map(({ sku, name, quantity, unitPrice }) => (
          <li key={sku} className="line">
            <span>
              {name}
              <span className="dimmed line-detail">
                {t('lines.quantity', { count: quantity })}
                {quantity > 1 && ` · ${t('lines.each', { price: money(unitPrice) })}`}
              </span>
            </span>
            <span className="amount">{money(unitPrice * quantity)}</span>
          </li>
        ))}
      </ul>
      <dl className="totals">
        {order.discountAmount !== undefined && order.discountAmount > 0 && (
          <div>
            <dt>{t('lines.discount', { code: order.couponCode })}</dt>
            <dd>{money(-order.discountAmount)}</dd>
          </div>
        )}
        <div className="total">
          <dt>{t('lines.total')}</dt>
          <dd>{money(order.totalAmount)}</dd>
        </div>
      </dl>
    </section>
  );
}
