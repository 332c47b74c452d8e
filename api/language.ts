import type { Request } from 'express';
import type { Language } from '../contracts/language';

/** Korean unless Accept-Language prefers English. */
export function languageOf(request: Request): Language {
  return request.headers['accept-language'] !== undefined && request.acceptsLanguages('ko', 'en') === 'en'
    ? 'en'
    : 'ko';
}
