import { ApiClient } from '../../client/client';
import { languageOf } from '../language/translation';

const TIMEOUT_MS = 15_000;

/** The API of the server that this page is from, in the page's language: the reader may have chosen another than the browser's. */
export const api = (): ApiClient =>
  new ApiClient({ address: '', language: languageOf(document.documentElement.lang), timeoutMs: TIMEOUT_MS });
