import type { Language } from './choose-language';

export function formatMoment(at: string, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}

/** The time alone, where it is of today. */
export function formatSoon(at: string, language: Language, now: Date): string {
  const moment = new Date(at);
  if (moment.toDateString() !== now.toDateString()) return formatMoment(at, language);
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium' }).format(moment);
}
