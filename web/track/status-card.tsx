import { useTranslation } from 'react-i18next';
import type { OrderStatus } from '../api/orders';
import { formatSoon } from '../language/moment';
import { reasonOf } from '../language/reason';
import { languageOf } from '../language/translation';
import { STATUS_HEADING } from './focus-status';
import { isStored, type Phase } from './phase';
import { ProgressSteps } from './progress-steps';

interface StatusCardProps {
  readonly status: OrderStatus;
  readonly phase: Phase;
  readonly isLive: boolean;
}

const BAD: ReadonlySet<Phase> = new Set(['DECLINED', 'CANCELLED', 'CANCELLING']);
const GOOD: ReadonlySet<Phase> = new Set(['DELIVERED', 'STORED', 'REFUNDED']);
/** Where a reason says why the order is as it is. */
const EXPLAINED: ReadonlySet<Phase> = new Set(['DECLINED', 'RETRYING', 'CANCELLED', 'DELIVERED', 'STORED']);

/** What the order is, in words and as a line of steps. */
export function StatusCard({ status, phase, isLive }: StatusCardProps) {
  const { t, i18n } = useTranslation();
  const reason = EXPLAINED.has(phase) ? reasonOf(status.reason) : undefined;
  const expectedAt = status.estimatedCompletionAt;
  const tone = BAD.has(phase) ? 'bad' : GOOD.has(phase) ? 'good' : 'accent';
  return (
    <section className={`card status status-${tone}`} aria-labelledby={STATUS_HEADING}>
      <div aria-live="polite" aria-atomic="true">
        <h2 id={STATUS_HEADING} tabIndex={-1}>
          {t(`phase.${phase}.title`)}
        </h2>
        <p>{t(`phase.${phase}.detail`)}</p>
        {reason && <p className="status-reason">{t('reason.title', { reason: t(`reason.${reason}`) })}</p>}
      </div>
      <ProgressSteps phase={phase} isStored={isStored(status)} />
      {expectedAt && (
        <p className="dimmed">
          {t('page.expectedAt', { at: formatSoon(expectedAt, languageOf(i18n.language), new Date()) })}
        </p>
      )}
      {isLive && <p className="live">{t('page.isLive')}</p>}
    </section>
  );
}
