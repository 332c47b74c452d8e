import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { chooseLanguage, isLanguage, type Language } from './choose-language';
import { en } from './en';
import { ko } from './ko';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const SAVED_AS = 'ordersaga-language';

/** Speaks the reader's language from now on, and keeps `<html lang>` right. */
export async function beginTranslation(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language;
  });
  await i18next.use(initReactI18next).init({
    lng: chooseLanguage(localStorage.getItem(SAVED_AS), navigator.languages),
    resources: { en: { translation: en }, ko: { translation: ko } },
    interpolation: { escapeValue: false },
  });
}

export async function changeLanguage(language: Language): Promise<void> {
  localStorage.setItem(SAVED_AS, language);
  await i18next.changeLanguage(language);
}

export const languageOf = (code: string): Language => (isLanguage(code) ? code : 'ko');
