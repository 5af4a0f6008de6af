const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter(Boolean));

/**
 * Words that say nothing about what a turn is about, as they stand before stemming. Besides grammar it holds the
 * interjections of chat. `may` is missing: it is also a month, which terms.ts decides by its neighbours.
 */
export const STOP_WORDS = words(`
  a about above after again against all also am an and any anybody anyone anything are as at
  be became because become been before being below between both but by
  can cannot could
  did do does doing done down during
  each either else ever every everyone everything
  few for from further
  get gets getting give given go gonna got gotta
  had has have having he her here hers herself him himself his how however
  i if in into is it its itself
  just
  kind
  let lets like likely lot lots
  made make makes many me might more most much must my myself
  neither nor not now
  of off on once one only onto or other others our ours ourselves out over own
  quite
  rather really
  same say says she should since so some someone something somewhere still such
  take than that the their theirs them themselves then there these they thing things this those though through to too
  toward towards
  under until up upon us use used using
  very
  was we well were what whatever when where whether which while who whom whose why will with within without would
  yet you your yours yourself yourselves
  ah aha aw eh er haha hahaha hello hey heya hi hiya hmm huh lol mhm nah no nope oh ok okay omg oops ooh please pls
  thank thanks thx uh um wow ya yay yeah yep yes yo yup
`);

/** Stems of words that greet, thank, agree or react: a message made of nothing else asks for no memory. */
export const PHATIC_STEMS = words(`
  good great nice cool awesom amaz perfect fine wonder fantast excel lovely love sweet bad interest suck chill pleas
  morn night even afternoon later soon see bye goodby goodnight welcom
  sure absolut definit exactli total right true inde agre alright understood understand gotcha know mean sens cours
  fair enough likewis ahead proceed continu carri hold wait readi worth
  cheer mate appreci help much glad happi merri congrat congratul sorri worri problem pleasur mention matter forget
  talk chat catch dude bro buddi everybodi kid seriou serious hilari
  thumb wink smile laugh funni sound look feel hope have care dear
  whatev mayb perhap probabl suppos guess never anywai hear think back anytim noth
  ty ttyl brb np kk yea nvm sup idk rofl lmao hehe mm meh ugh argh phew whoa yike ouch woohoo boo ping sec rush hurri
`);

/** Stems that are small talk beside one of those ("great job", "have a nice weekend"), and a subject by themselves. */
export const PHATIC_COMPANIONS = words(`
  new dai todai tonight tomorrow week weekend year birthdai christma time moment minut second
  friend man guy sleep rest dream luck work job plan idea point question news info listen meet stai safe rock keep go wai
`);

/** Words that turn a query about some time into one about a date. */
export const TIME_STEMS = words(`
  yesterdai todai tomorrow tonight week weekend month year dai ago last next mondai tuesdai wednesdai thursdai fridai
  saturdai sundai januari februari march april june juli august septemb octob novemb decemb morn night summer winter
  spring autumn birthdai anniversari
`);
