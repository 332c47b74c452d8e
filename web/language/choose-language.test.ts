import { chooseLanguage } from './choose-language';

test.each([
  [null, ['en-US', 'ko'], 'en'],
  [null, ['fr-FR', 'ko-KR', 'en'], 'ko'],
  [null, ['de'], 'ko'],
  [null, [], 'ko'],
  ['en', ['ko-KR'], 'en'],
  ['nonsense', ['en-GB'], 'en'],
])('saved %s, preferred %j: %s', (saved, preferred, language) => {
  expect(chooseLanguage(saved, preferred)).toBe(language);
});
