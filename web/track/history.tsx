import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TimelineView } from '../../contracts/responses/common';
import { type EntryWords, entryWords } from '../language/entry-words';
import { formatMoment } from '../language/moment';
import { languageOf } from '../language/translation';
import type { Entries } from '../live/entries';

const SHOWN_FIRST = 6;
/** So many more are shown at once: a button for less would be of no use. */
const SHOWN_ANYWAY = 2;

/** What has happened to the order, the newest first. */
export function History({ entries, isLoading }: { readonly entries: Entries; readonly isLoading: boolean }) {
  const { t } = useTranslation();
  const [isWhole, setIsWhole] = useState(false);
  const worded = entries.toReversed().flatMap((entry) => {
    const words = entryWords(entry);
    return words ? [{ entry, words }] : [];
  });
  const isLong = worded.length > SHOWN_FIRST + SHOWN_ANYWAY;
  const shown = isWhole || !isLong ? worded : worded.slice(0, SHOWN_FIRST);
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history">{t('history.title')}</h2>
      {worded.length === 0 && <p className="dimmed">{isLoading ? t('page.loading') : t('history.empty')}</p>}
      <ol className="history">
        {shown.map(({ entry, words }) => (
          <HistoryEntry key={entry.id} entry={entry} words={words} />
        ))}
      </ol>
      {isLong && (
        <Button variant="subtle" size="compact-md" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
          {isWhole ? t('history.fewer') : t('history.more', { count: worded.length })}
        </Button>
      )}
    </section>
  );
}

function HistoryEntry({ entry, words }: { readonly entry: TimelineView; readonly words: EntryWords }) {
  const { t, i18n } = useTranslation();
  return (
    <li className={`history-entry history-${words.tone}${words.isMinor ? ' history-minor' : ''}`}>
      <span className="history-words">
        {t(words.key)}
        {words.reason && <span className="history-reason">{t(`reason.${words.reason}`)}</span>}
      </span>
      <time className="dimmed" dateTime={entry.at}>
        {formatMoment(entry.at, languageOf(i18n.language))}
      </time>
    </li>
  );
}
