/** Responses speak one of these: Korean unless Accept-Language prefers English. */
export type Language = 'ko' | 'en';
export type Text = Readonly<Record<Language, string>>;

const KOREAN = new Map<string, string>();

/** The message of a schema's rule; a schema holds the English one, and a response gives it in its own language. */
export function rule(english: string, korean: string): string {
  KOREAN.set(english, korean);
  return english;
}

/** A rule's message in this language; undefined: it is no rule of ours. */
export function ruleIn(language: Language, english: string): string | undefined {
  const korean = KOREAN.get(english);
  return language === 'en' && korean !== undefined ? english : korean;
}
