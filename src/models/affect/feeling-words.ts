import { compoundScore } from './vader';

/** Comparatives under a negation praise, or complain, as strongly as can be; VADER reads them the wrong way round. */
const COULD_NOT_BE =
  /\b(?:could|can)(?:n't|not| not) (?:possibly )?(?:be|feel|have been|ask for|have asked for)(?: any)? (\w+)/gi;
const NEVER_BEEN = /\b(?:have|has|had|'ve|'s|was|were)? ?never (?:been|felt) (?:so |as |any )?(\w+)/gi;
const PRAISE =
  /^(?:better|more|happier|prouder|calmer|healthier|luckier|stronger|safer|happy|proud|excited|relaxed|grateful|good|well|loved)$/i;
const COMPLAINT = /^(?:worse|sadder|lonelier|angrier|sad|lonely|angry|afraid|scared|tired|bad|ashamed)$/i;
/** Words that are good elsewhere. */
const SET_PHRASES =
  /\b(?:best (?:friends?|man|buddy)|good (?:morning|evening|afternoon|night)|like (?:to|this|that|a)|(?:looks?|sounds?|feels?|felt|seems?) like|would like|stand-?up|well,|pretty (?:much|often)|interest (?:rates?|payments?)|no problem|(?:credit|gift|greeting) cards?|energy (?:price|bill|fund|prices|bills)|shares?|sharing|play(?:s|ing|ed)?|friend|friends|party|trust fund|security|safe(?:r)? to|kind of|god(?:mother|father)|please|yes|hello)\b/gi;

/** VADER's compound score of a text, −1 … 1, with what it misreads put straight. */
export function feelingWords(text: string): number {
  const plain = text
    .replace(/’/g, "'")
    .replace(COULD_NOT_BE, superlative)
    .replace(NEVER_BEEN, superlative)
    .replace(SET_PHRASES, ' ');
  return compoundScore(plain);
}

function superlative(whole: string, word: string): string {
  if (PRAISE.test(word)) return 'am extremely happy';
  return COMPLAINT.test(word) ? 'am extremely sad' : whole;
}
