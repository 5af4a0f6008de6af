/** Forms that stay as they are after a third person: modals, and pasts that do not end in -ed. */
const UNCHANGED = new Set(
  `will would can could should might may must shall was had did went took made got saw said told came knew thought felt
  found gave left met read ran sat sold sent spent spoke stood taught wrote won wore bought brought built caught chose
  drew drove ate fell flew forgot grew heard held kept led lost paid rode rose sang slept swam threw understood woke
  became began broke drank fought hid hurt laid lent let put quit set shook showed shut stuck swore used wanted won't
  wouldn't can't couldn't shouldn't didn't wasn't hadn't mightn't`.split(/\s+/),
);
const ADVERBS = new Set(
  `really just also always never often still already recently finally only even actually definitely usually sometimes
  totally truly absolutely simply currently probably certainly mostly mainly once now then both`.split(/\s+/),
);
const WHOLE: Readonly<Record<string, string>> = {
  "i'm": 'is',
  "i've": 'has',
  "i'll": 'will',
};
const AUXILIARIES: Readonly<Record<string, string>> = {
  am: 'is',
  have: 'has',
  "haven't": "hasn't",
  do: 'does',
  "don't": "doesn't",
  go: 'goes',
};
/** After these an "I" is asked or echoed, not told. */
const INVERTED = new Set([
  'am',
  'do',
  'have',
  'did',
  'was',
  'can',
  'will',
  'should',
  'would',
  'could',
  'and',
  'or',
  '&',
]);
/** Whom they mean depends on who listens, or on nobody in particular. */
const UNSAFE =
  /\b(?:you|your|yours|yourself|we|us|our|ours|ourselves|mine|y'all|let's|we're|we've|we'll|you're|you've|you'll|i'd|ya)\b|["“”«»?]/iu;
/** May lose their capital behind "NAME said". */
const LOWERED = new Set(
  `the a an it it's its that that's this these those there there's they they're he he's she she's his her their some
  many most all in on at when if after before since because as while being having just even maybe one last every each
  with for from to no not now then here such so what how who my by both being doing making getting`.split(
    /\s+/,
  ),
);

/**
 * What `speaker` said, told by another: "I" becomes the name where that cannot change what is said. "I went home" →
 * "Ana went home"; "The stories were good" → "Ana said the stories were good"; anything that speaks of "you" or "we",
 * or whose verb is not sure, is quoted.
 * @param speaker as it stands inside a sentence: `Ana`, `the user`
 */
export function told(sentence: string, speaker: string): string {
  const text = sentence.replace(/[’‘]/g, "'");
  const Speaker = capitalized(speaker);
  if (/\?["')\s]*$/u.test(text)) return `${Speaker} asked: ${quoted(text)}`;
  const own = /\b(?:i|i'm|i've|i'll|i'd|me|my|myself)\b/iu.test(text);
  if (UNSAFE.test(text)) return `${Speaker}: ${quoted(text)}`;
  const first = /^[\p{L}']+/u.exec(text)?.[0]?.toLowerCase() ?? '';
  if (!own)
    return LOWERED.has(first) ? `${Speaker} said ${lowered(ended(text))}` : `${Speaker}: ${quoted(text)}`;
  // "Gonna finish my course": somebody's, but no sentence.
  const subject = /\bi(?:'m|'ve|'ll)?\b/iu.test(text) || first === 'my' || LOWERED.has(first);
  const turned = subject ? turn(text, speaker) : null;
  return turned === null ? `${Speaker}: ${quoted(text)}` : capitalized(ended(turned));
}

function turn(text: string, speaker: string): string | null {
  const words = text.split(' ');
  const out: string[] = [];
  let named = false;
  for (let i = 0; i < words.length; i += 1) {
    const [, before, word, after] = /^([^\p{L}]*)(.*?)([^\p{L}]*)$/u.exec(words[i]!)!;
    const low = word!.toLowerCase();
    const put = (changed: string): number => out.push(`${before}${changed}${after}`);
    if (low === 'i') {
      if (i > 0 && INVERTED.has(bare(words[i - 1]!)) && !/[,;:]$/.test(words[i - 1]!)) {
        if (!['and', 'or', '&'].includes(bare(words[i - 1]!))) return null;
        // "Tom and I went": two subjects, whose verb stays.
        if (i === 1 || !/[,;.!]$/.test(words[i - 2] ?? '')) {
          if (!isClauseJoint(words, i)) return null;
        }
      }
      put(speaker);
      named = true;
      if (after !== '') return null;
      let next = i + 1;
      while (next < words.length && ADVERBS.has(bare(words[next]!))) {
        out.push(words[next]!);
        next += 1;
      }
      const verb = words[next];
      if (verb === undefined) return null;
      const changed = thirdPerson(verb);
      if (changed === null) return null;
      out.push(changed);
      i = next;
      continue;
    }
    if (low in WHOLE) {
      put(`${speaker} ${WHOLE[low]!}`);
      named = true;
    } else if (low === 'me') {
      put(named ? 'them' : speaker);
      named = true;
    } else if (low === 'my') {
      put(named ? 'their' : possessive(speaker));
      named = true;
    } else if (low === 'myself') put('themselves');
    else out.push(words[i]!);
  }
  return out.join(' ');
}

/** Whether the "and" before word `i` joins clauses ("I run and I swim"), not subjects ("Tom and I"). */
function isClauseJoint(words: readonly string[], i: number): boolean {
  return words
    .slice(0, i - 1)
    .some((word) => /^(?:i|i'm|i've|he|she|it|they|it's|that's|was|is|are|were|had|has)$/.test(bare(word)));
}

function thirdPerson(token: string): string | null {
  const [, word, after] = /^([\p{L}']+)([^\p{L}]*)$/u.exec(token) ?? [];
  if (word === undefined) return null;
  const low = word.toLowerCase();
  if (low in AUXILIARIES) return AUXILIARIES[low]! + after!;
  if (UNCHANGED.has(low) || (low.length > 4 && low.endsWith('ed') && !/eed$/.test(low))) return token;
  if (!/^[a-z]{2,}$/.test(low) || /(?:ing|ly|tion)$/.test(low)) return null;
  if (NOT_VERBS.has(low)) return null;
  if (/(?:s|sh|ch|x|z|o)$/.test(low)) return `${low}es${after}`;
  if (/[^aeiou]y$/.test(low)) return `${low.slice(0, -1)}ies${after}`;
  return `${low}s${after}`;
}

/** What may follow an "I" in careless talk and is no verb. */
const NOT_VERBS = new Set(
  `the a an and or but so to in on at of for with who that this it was were is are not no as if when been being too
  cut hit cost bet spread split beat`.split(/\s+/),
);

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function quoted(text: string): string {
  return `“${ended(text.replace(/["“”]/g, "'"))}”`;
}

function ended(text: string): string {
  const trimmed = text.replace(/[\s,;:–—-]+$/u, '');
  return /[.!?…]["')”]*$/u.test(trimmed) ? trimmed : `${trimmed}.`;
}

export function possessive(name: string): string {
  return name.endsWith('s') ? `${name}’` : `${name}’s`;
}

export function capitalized(text: string): string {
  return text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

function bare(token: string): string {
  return token.toLowerCase().replace(/[^\p{L}']/gu, '');
}
