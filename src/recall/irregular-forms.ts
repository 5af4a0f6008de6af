/** Forms that stemming cannot bring together, as `lemma: form form …`. Words spelled alike in another sense are left out. */
const TABLE = `
  arise: arose arisen
  beat: beaten
  begin: began begun
  bend: bent
  bite: bit bitten
  bleed: bled
  blow: blew blown
  break: broke broken
  breed: bred
  bring: brought
  build: built
  burn: burnt
  buy: bought
  catch: caught
  choose: chose chosen
  come: came
  creep: crept
  deal: dealt
  dig: dug
  draw: drew drawn
  dream: dreamt
  drink: drank drunk
  drive: drove driven
  eat: ate eaten
  fall: fell fallen
  feed: fed
  feel: felt
  fight: fought
  find: found
  flee: fled
  fly: flew flown flies
  forget: forgot forgotten
  forgive: forgave forgiven
  freeze: froze frozen
  grow: grew grown
  hang: hung
  hear: heard
  hide: hid hidden
  hold: held
  keep: kept
  kneel: knelt
  know: knew known
  lead: led
  learn: learnt
  leave: left
  lend: lent
  lie: lain lying
  light: lit
  lose: lost
  mean: meant
  meet: met
  mistake: mistook mistaken
  pay: paid
  ride: rode ridden
  ring: rang rung
  rise: rose risen
  run: ran
  see: saw seen
  seek: sought
  sell: sold
  send: sent
  sew: sewn
  shake: shook shaken
  shine: shone
  shoot: shot
  show: shown
  shrink: shrank shrunk
  sing: sang sung
  sink: sank sunk
  sit: sat
  sleep: slept
  slide: slid
  speak: spoke spoken
  speed: sped
  spend: spent
  spin: spun
  spring: sprang sprung
  stand: stood
  steal: stole stolen
  stick: stuck
  sting: stung
  strike: struck stricken
  strive: strove striven
  swear: swore sworn
  sweep: swept
  swim: swam swum
  swing: swung
  teach: taught
  tear: tore torn
  tell: told
  think: thought
  throw: threw thrown
  understand: understood
  wake: woke woken
  wear: wore worn
  weave: wove woven
  weep: wept
  win: won
  wind: wound
  withdraw: withdrew withdrawn
  write: wrote written
  go: went gone
  child: children kid kids kiddo kiddos
  foot: feet
  goose: geese
  knife: knives
  leaf: leaves
  life: lives
  man: men
  mouse: mice
  person: people persons
  shelf: shelves
  tooth: teeth
  wife: wives
  wolf: wolves
  woman: women
  mother: mom moms mum mums mommy mummy mama
  father: dad dads daddy papa
  grandmother: grandma grandmas granny nana
  grandfather: grandpa grandpas granddad
  brother: bro
  sister: sis
  bicycle: bike bikes
  television: tv tvs telly
  photo: photograph photographs pic pics picture pictures
  movie: film films
  car: automobile
  doctor: doc docs dr
  refrigerator: fridge
  telephone: phone phones
  vacation: holiday holidays
  airplane: plane planes aeroplane
  university: uni
  mathematics: math maths
  advertisement: ad ads advert
  examination: exam exams
  laboratory: lab labs
  favorite: favourite favorites favourites fav fave
  color: colour colours
  neighbor: neighbour neighbours
  theater: theatre theatres
  center: centre centres
  organize: organise organised organising
  behavior: behaviour
  good: better best
  bad: worse worst
`;

/** The lemma of each irregular form. */
export const LEMMAS: ReadonlyMap<string, string> = new Map(
  TABLE.trim()
    .split('\n')
    .flatMap((line) => {
      const [lemma, forms] = line.split(':') as [string, string];
      return forms
        .trim()
        .split(/\s+/)
        .map((form) => [form, lemma.trim()] as const);
    }),
);
