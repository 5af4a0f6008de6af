import { namesOrigins, pageOriginsIn } from './page-origins';

it.each([
  ['', true],
  ['https://app.example', true],
  ['http://localhost:5173, https://app.example,', true],
  ['chrome-extension://abcdefgh', true],
  ['*', true],
  ['https://app.example/', false],
  ['https://app.example/chat', false],
  ['https://App.example', false],
  ['https://app.example:443', false],
  ['app.example', false],
  ['null', false],
  ['https://app.example https://b.example', false],
])('%j names origins: %s', (text, expected) => {
  expect(namesOrigins(text)).toBe(expected);
});

it('takes those that are named, or all', () => {
  expect(pageOriginsIn('')).toEqual(new Set());
  expect(pageOriginsIn(' https://a.example,https://b.example')).toEqual(
    new Set(['https://a.example', 'https://b.example']),
  );
  expect(pageOriginsIn('https://a.example,*')).toBe('*');
});
