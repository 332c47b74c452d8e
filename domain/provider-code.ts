import { holdsCardNumber } from './external-text';

const CODE = /^[A-Za-z0-9_.-]{1,64}$/;

/** Whether a provider's code looks like one: it may be any text. */
export function isCode(text: string): boolean {
  return CODE.test(text) && !holdsCardNumber(text);
}

/** A provider's code, or a fixed one of ours in the place of what does not look like a code. */
export function codeOr(own: string, code: string | null | undefined): string {
  return code && isCode(code) ? code : own;
}
