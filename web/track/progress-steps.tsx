import { useTranslation } from 'react-i18next';
import { CheckIcon } from '../frame/icons';
import type { Phase } from './phase';
import { progressOf } from './progress';

/** The way of the order: what is behind it, where it is, and what is still to come. */
export function ProgressSteps({ phase, isStored }: { readonly phase: Phase; readonly isStored: boolean }) {
  const { t } = useTranslation();
  const progress = progressOf(phase, isStored);
  if (!progress) return null;
  const { milestones, done, isHeld } = progress;
  return (
    <ol className="steps" aria-label={t('step.label')}>
      {milestones.map((milestone, index) => {
        const state = index < done ? 'isDone' : index === done ? 'isCurrent' : 'isAhead';
        return (
          <li
            key={milestone}
            className={`step step-${state}${isHeld ? ' step-held' : ''}`}
            aria-current={state === 'isCurrent' ? 'step' : undefined}
          >
            <span className="step-mark">{state === 'isDone' && <CheckIcon />}</span>
            <span className="step-name">
              {t(`step.${milestone}`)}
              <span className="visually-hidden">: {t(`step.${state}`)}</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
