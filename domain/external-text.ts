/** What neither Postgres, JSON nor a workflow takes as text: U+0000, and halves of characters. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** Whether text from outside can be kept at all. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Digits as people group them: with single spaces or dashes between. */
const DIGIT_RUNS = /\d(?:[ -]?\d){12,}/g;
/** As issuers' numbers begin: 3 to 6, or Mastercard's 2221 to 2720. */
const ISSUER = /^(?:[3-6]|2[2-7])/;
const MAX_DIGITS = 19;

/** Whether text holds what can be the number of a payment card, at least `minDigits` long; other numbers may be beside it. */
export function holdsCardNumber(text: string, minDigits = 13): boolean {
  return (text.match(DIGIT_RUNS) ?? []).some((run) => {
    const groups = run.split(/[ -]/);
    return groups.some((_group, from) => beginsCardNumber(groups.slice(from), minDigits));
  });
}

/** Whether the first of these groups, or some of them together, are one. */
function beginsCardNumber(groups: readonly string[], minDigits: number): boolean {
  let digits = '';
  for (const group of groups) {
    digits += group;
    if (digits.length > MAX_DIGITS) return false;
    if (digits.length >= minDigits && ISSUER.test(digits) && passesLuhn(digits)) return true;
  }
  return false;
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = digit * 2;
    if (index % 2 === 0) sum += digit;
    else sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
