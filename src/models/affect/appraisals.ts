import lexicon from '../lexicon/appraisals.json';
import { wordsOf } from '../words';

/**
 * What happens to people is good or bad for them whether or not they say how they feel: "my rent doubled", "I lost
 * my job", "I lost five kilos", "I finally passed". An appraisal reads events: words for good and bad ones, more or
 * less of good and burdensome things, and set phrases.
 */
export interface Appraisal {
  good: number;
  bad: number;
}

const setOf = (words: string): ReadonlySet<string> => new Set(words.split(' '));
const GOOD_EVENTS = setOf(lexicon.goodEvents);
const BAD_EVENTS = setOf(lexicon.badEvents);
const GOOD_THINGS = setOf(lexicon.goodThings);
const BAD_THINGS = setOf(lexicon.badThings);
const UP = setOf(lexicon.up);
const DOWN = setOf(lexicon.down);
const FINISHING = setOf(lexicon.finishing);

const NEGATION =
  /^(?:not|no|never|nobody|none|nothing|neither|nor|without|hardly|barely|isn't|wasn't|aren't|weren't|don't|doesn't|didn't|won't|wouldn't|can't|cannot|couldn't|haven't|hasn't|hadn't|shouldn't)$/;
/** How many words a negation reaches forward, and how far a thing may stand from what becomes of it. */
const NEGATION_REACH = 4;
const THING_REACH = 4;

const GOOD_PHRASES =
  /\b(?:said yes|came true|made it\b|worked out (?:well|fine|great|perfectly)|turned out (?:to be )?(?:well|fine|great|good|ok|okay|harmless|beautifully|better)|getting (?:married|engaged)|got (?:married|engaged|promoted|accepted|hired|the job|in\b|a raise|my degree|better)|in love\b|made up with|all clear|(?:came back|are|were|is|was|looks?) (?:all )?(?:clear|normal|negative|spotless)|over the moon|can't wait|look(?:ing)? forward|first (?:draft|place|prize|steps|tooth|words?|customer|sale|marathon|goal)|had a baby|gave birth|(?:we are|we're|i'm|i am|she's|she is) expecting|for the first time|at last\b|ahead of schedule|on the mend|paid (?:it )?off|paid back|paid in full|debt[- ]free|pain[- ]free|smoke[- ]free|cancer[- ]free|clean (?:for|since)|sober (?:for|since)|start(?:s|ed|ing)? (?:kindergarten|school|nursery|preschool|walking|talking|college|university)|sold out|standing ovation|full house|personal best|new record|maxed out my (?:ira|roth|401k|isa|pension)|can (?:now )?(?:deduct|write off|claim)|thumbs up|hit it off|back together|back on (?:track|my feet)|(?:never|couldn't|can't) (?:been|be|feel|felt|ask|have asked|imagine|get)\b.{0,20}\b(?:better|happier|prouder|more|so happy|so proud|any better)|it's a (?:boy|girl|match))\b/g;
const BAD_PHRASES =
  /\b(?:turned (?:me |us |it |him |her |my \w+ )?down|let (?:me|us|him|her) down|broke (?:up|down|in)|break(?:ing)? up|split up|fell (?:apart|through|out with|ill|off|behind)|fall(?:ing|s)? (?:apart|behind)|gave up|given up|giving up|kicked (?:me |us |him |her )?out|shut (?:us |it )?down|call(?:ed|ing) off|called it off|r[au]n out of|running out|pass(?:ed|ing) away|threw up|burn(?:ed|t|ing) out|dropp?ed out|drop out|lay(?:ing)? off|laid (?:me |us |him |her |them )?off|let go\b|stood me up|cut off|down with|left (?:me|us|him|her)\b(?! (?:an?|the|some|her|his|their|in charge)\b)|walked out|cheat(?:ed|ing) on|behind my back|in the red|in debt|out of (?:work|breath|control|money|nowhere)|can(?:'t|not) (?:sleep|afford|stand|bear|stop|breathe|cope|find|walk|pay|concentrate|focus|keep|take|get|move|trust|seem)|(?:doesn't|don't|never|won't|didn't|wouldn't|hardly|barely) (?:even |ever |really )?(?:listen|listens|talk|talks|call|calls|answer|answers|care|cares|help|helps|trust|trusts|respect|respects|understand|understands|love|loves|speak|speaks|appreciate|appreciates|notice|notices|fit|fits|heal|work|works|invite|invites|visit|visits|text|texts|belong|feel like)|don't know (?:what|how) to (?:do|go|cope|handle|say)|wits' end|fed up|sick of|tired of|too much for|the last straw|missed (?:the|my|our|a|another)|too late|writer's block|side effects|wakes? me|keeps? me (?:up|awake)|down the drain|fell short|worse (?:than|and)|(?:never|couldn't|can't) (?:been|be|feel|felt|get)\b.{0,20}\b(?:worse|sadder|so sad|lower)|acting up|flared up|blew up|stopped working|went (?:wrong|bankrupt|down|under|up in smoke)|goes down again)\b/g;
/** Asked, planned, supposed: nothing has happened. */
const NOT_YET =
  /\?\s*$|\b(?:if|should i|would|might|maybe|perhaps|want(?:s|ed)? to|plan(?:ning)? to|hope to|going to|thinking (?:of|about)|consider(?:ing)?|need to|have to|how (?:do|can|should)|in case|could you)\b/i;
const NOT_YET_SHARE = 0.35;

/** What stops being a burden. */
const RELIEF =
  /\b(?:(?:gave|given|giving) up|quit|stopped|stop|kicked|got rid of|no longer (?:need|have|take|feel)) (?:\w+ ){0,2}(?:alcohol|caffeine|cigarettes|coffee|crying|debt|drinking|drugs|gambling|hurting|medication|pills|smoking|sugar|tablets|vaping|worrying)\b|\b(?:ache|anxiety|asthma|cold|cough|cramps?|debts?|fever|flu|headaches?|infection|insomnia|migraines?|nightmares?|pain|rash|stress|swelling|symptoms?|temperature|tumou?r|worst)\b (?:\w+ )?(?:is|are|was|has|have) (?:\w+ )?(?:gone|down|over|behind|better|subsided|stopped|cleared)\b|\b(?:without (?:\w+ )?|no longer |never again |nobody was |not )(?:get(?:ting)? out of breath|stopping|pain|hurts?|hurting|worry|worried|afraid|a hitch|problems?|stress|fear)\b/g;
/** Shares, followers and the like go "up ten percent"; burdens do too. */
const BY_SHARE =
  /\b(up|down) (?:by |almost |over |more than )?(?:[\d.,]+|\p{L}+) ?(?:%|percent|points?|thousand|k\b)/gu;

const EVENT = 1;
const PHRASE = 1.2;
const MOVEMENT = 1.2;
const BARE_LOSS = 0.7;
const FINISHED = 0.7;

/** What a text's events are worth, both ways, 0 and up. */
export function appraise(text: string): Appraisal {
  const plain = text.normalize('NFC').toLowerCase().replace(/’/g, "'");
  const sum: Appraisal = { good: 0, bad: 0 };
  for (const clause of plain.split(/[.;!]+|, (?:and|but)\b|\bbut\b/)) {
    const part = appraiseClause(clause);
    const share = NOT_YET.test(clause) ? NOT_YET_SHARE : 1;
    sum.good += part.good * share;
    sum.bad += part.bad * share;
  }
  return sum;
}

function appraiseClause(clause: string): Appraisal {
  const sum: Appraisal = { good: 0, bad: 0 };
  let rest = clause.replace(RELIEF, () => ((sum.good += PHRASE), ' '));
  rest = rest.replace(BY_SHARE, (_, way: string) => {
    const worth = (way === 'up' ? 1 : -1) * (wordsOf(clause).some((word) => BAD_THINGS.has(word)) ? -1 : 1);
    if (worth > 0) sum.good += MOVEMENT;
    else sum.bad += MOVEMENT;
    return ' ';
  });
  rest = rest.replace(GOOD_PHRASES, () => ((sum.good += PHRASE), ' '));
  rest = rest.replace(BAD_PHRASES, () => ((sum.bad += PHRASE), ' '));
  const words = wordsOf(rest);
  words.forEach((word, at) => {
    const movement = UP.has(word) ? 1 : DOWN.has(word) ? -1 : 0;
    const worth = movement ? movementWorth(words, at, movement) : eventWorth(word);
    const told = worth * (isNegated(words, at) ? -0.8 : 1);
    if (told > 0) sum.good += told;
    else sum.bad -= told;
  });
  if (/\bfinally\b|\bat long last\b/.test(rest) && sum.bad === 0) {
    if (words.some((word, at) => FINISHING.has(word) && !isNegated(words, at))) sum.good += FINISHED;
  }
  return sum;
}

function eventWorth(word: string): number {
  if (GOOD_EVENTS.has(word)) return EVENT;
  return BAD_EVENTS.has(word) ? -EVENT : 0;
}

/** More of a good thing is good, more of a burden is bad; less is the other way round. */
function movementWorth(words: readonly string[], at: number, movement: number): number {
  const thing = nearestThing(words, at);
  if (thing !== 0) return MOVEMENT * movement * thing;
  if (words[at] === 'lost') return -BARE_LOSS;
  return eventWorth(words[at]!);
}

function nearestThing(words: readonly string[], at: number): number {
  for (let step = 1; step <= THING_REACH; step += 1) {
    for (const word of [words[at + step], words[at - step]]) {
      if (word === undefined) continue;
      if (BAD_THINGS.has(word)) return -1;
      if (GOOD_THINGS.has(word)) return 1;
    }
  }
  return 0;
}

function isNegated(words: readonly string[], at: number): boolean {
  return (
    words.slice(Math.max(0, at - NEGATION_REACH), at).some((word) => NEGATION.test(word)) ||
    (words[at - 1] === 'longer' && words[at - 2] === 'no')
  );
}
