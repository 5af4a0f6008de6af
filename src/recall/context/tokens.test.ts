import { encode } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens } from './tokens';

it.each([
  '',
  'I moved to Lisbon in May 2023.',
  'Ich wohne in München 🎉',
  '私は東京に住んでいます',
  'a\n\nb\tc',
])('counts %j as the encoding does', (text) => {
  expect(countTokens(text)).toBe(encode(text).length);
});

it('takes what looks like a control token for text', () => {
  expect(countTokens('say <|endoftext|> now')).toBeGreaterThan(4);
});

it.each(['字', '😀', 'a', '=', ' '])(
  'counts an endless run of %j in time that grows with its length',
  (one) => {
    const started = performance.now();
    expect(countTokens(one.repeat(32_768))).toBeGreaterThan(100);
    // By the square of the length it took seconds.
    expect(performance.now() - started).toBeLessThan(1_500);
  },
);
