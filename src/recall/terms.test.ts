import { dateTerms, nameWords, namesIn, queryTermsOf, termsOf, withoutNames } from './terms';

describe('termsOf', () => {
  it.each([
    ['The dogs were running to the parks', ['dog', 'run', 'park']],
    ['Mom went to the doctor', ['mother', 'go', 'doctor']],
    ['I bought two bikes', ['bui', 'two', 'bicycl']],
    ["I don't know; it won't work, isn't it?", ['know', 'work']],
    ['Don’t forget Anna’s 10,000 steps at 4.5 km', ['forget', 'anna', '10000', 'step', '4.5', 'km']],
    ['It may rain', ['rain']],
    ['the trip in May 2023', ['trip', 'mai', '2023']],
    ['Café crème', ['cafe', 'creme']],
    ['', []],
    ['🎉🎉 !!', []],
  ])('%j', (text, terms) => {
    expect(termsOf(text)).toEqual(terms);
  });

  it.each([
    'Ich wohne jetzt in München',
    'Мой брат живёт в Москве',
    '私は東京に住んでいます',
    '我喜欢吃辣的菜',
    'أعيش في القاهرة',
    'ฉันชอบแมว',
    '나는 서울에 산다',
    'मुझे चाय पसंद है',
  ])('gives terms for %s, the same in a longer text', (text) => {
    const terms = termsOf(text);
    expect(terms.length).toBeGreaterThan(1);
    const longer = new Set(termsOf(`… ${text}. Yes!`));
    expect(terms.filter((term) => !longer.has(term))).toEqual([]);
  });

  it('finds a word inside unspaced writing', () => {
    expect(termsOf('東京は好きですか')).toEqual(expect.arrayContaining(termsOf('東京')));
  });

  it('never gives a term that whitespace could split, nor an endless one', () => {
    for (const term of termsOf(`a\u00a0b x\ty ${'z'.repeat(5_000)} 12:30 𝒳𝒴 e\u0301`)) {
      expect(term).toMatch(/^\S{1,40}$/);
    }
  });

  it('leaves participants out', () => {
    expect(termsOf("What did Caroline's sister say?", nameWords(['Caroline Smith', null]))).toEqual([
      'sister',
    ]);
  });
});

it('asks the index for the rarest terms of a long message', () => {
  const common =
    'time people year way day man world life hand part child eye woman place work week case point company number';
  const rare = Array.from({ length: 40 }, (_, i) => `zq${i}x`).join(' ');
  const terms = queryTermsOf(`${common} ${rare} ${common}`, ['Zq0x']);
  expect(terms).toHaveLength(48);
  expect(terms).toEqual(expect.arrayContaining(['zq1x', 'zq39x']));
  expect(terms).not.toContain('zq0x');
});

describe('names', () => {
  const names = nameWords(['Caroline', 'José Ruiz', null]);
  it.each([
    ["What is Caroline's job?", 'What is job?'],
    ['Does JOSE like tea', 'Does like tea'],
    ['Caroline', 'Caroline'],
    ['caroline!', 'caroline!'],
    ['Carolines', 'Carolines'],
  ])('withoutNames(%j)', (text, expected) => {
    expect(withoutNames(text, names)).toBe(expected);
  });
  it('says which are mentioned', () => {
    expect([...namesIn("Caroline's and José’s dog", names)]).toEqual(['caroline', 'jose']);
  });
});

it('names the month as a question would', () => {
  expect(dateTerms(new Date('2023-05-31T23:59:59Z'))).toEqual(termsOf('in May 2023'));
  expect(dateTerms(new Date('2022-08-01T00:00:00Z'))).toEqual(termsOf('August 2022'));
});
