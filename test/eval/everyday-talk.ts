/**
 * Made-up memories of an assistant's user, each with questions that it answers. No names: what people say to an
 * assistant about themselves. Used to fit and to try the gate on a user's first memories.
 */
export const EVERYDAY: readonly { memory: string; questions: readonly string[] }[] = [
  {
    memory: 'My savings goal is 20,000 dollars by the end of the year, and I have put away 12,000 so far.',
    questions: [
      'Any updates on my savings goal?',
      'How much have I saved?',
      'How close am I to my savings target?',
    ],
  },
  {
    memory: 'Nuts and seafood bring me out in a rash, so I always ask what is in a dish.',
    questions: ['What foods should I avoid?', 'Which food gives me a rash?', 'Can I eat seafood?'],
  },
  {
    memory: 'We adopted a golden retriever puppy called Biscuit last weekend.',
    questions: ["What's my dog called?", 'What breed is my puppy?', 'When did we adopt the dog?'],
  },
  {
    memory: 'Apple stock was down to 180 dollars this morning, so I got another fifteen.',
    questions: ['What stocks do I own?', 'How much Apple stock did I buy?', 'At what price did I get Apple?'],
  },
  {
    memory: 'My flight to Lisbon leaves on Friday at 7 am from terminal 2.',
    questions: [
      'When does my flight leave?',
      'Which terminal do I fly from?',
      'Where am I travelling on Friday?',
    ],
  },
  {
    memory: 'The doctor said my blood pressure is too high and I should cut down on salt.',
    questions: ['What did the doctor say?', 'How is my blood pressure?', 'Why should I eat less salt?'],
  },
  {
    memory: 'I started learning the cello two months ago and practise every evening.',
    questions: ['Which instrument am I learning?', 'How long have I been playing the cello?'],
  },
  {
    memory: 'My sister is getting married in September and I am giving a speech.',
    questions: ["When is my sister's wedding?", 'Who is getting married?', 'Help me with the wedding speech'],
  },
  {
    memory: 'The quarterly report is due on the 14th and my manager wants the revenue chart redone.',
    questions: ['When is the report due?', 'What did my manager ask me to change?'],
  },
  {
    memory: 'I have been feeling lonely since I moved to the new city.',
    questions: ['How have I been feeling since the move?', 'Why do I feel lonely?'],
  },
  {
    memory: 'I prefer short answers with code examples in Python.',
    questions: ['Which programming language do I prefer?', 'How do I like answers to be written?'],
  },
  {
    memory: 'My landlord raised the rent by 150 euros from March.',
    questions: ['How much did my rent go up?', 'What did the landlord do?'],
  },
  {
    memory: 'I am training for a half marathon and ran 14 kilometres on Sunday.',
    questions: ['How far did I run?', 'What race am I training for?', 'How is my marathon training going?'],
  },
  {
    memory: 'The wifi password at the cabin is written behind the fridge.',
    questions: ['Where is the wifi password?', "What's the password for the cabin's wifi?"],
  },
  {
    memory: 'I gave up coffee in January because it kept me awake.',
    questions: ['Do I drink coffee?', 'Why did I stop drinking coffee?'],
  },
  {
    memory: 'My car needs new brake pads; the garage quoted 320 dollars.',
    questions: ["What's wrong with my car?", 'How much will the brakes cost?'],
  },
  {
    memory: 'Mum’s birthday is on the 3rd of June and she loves orchids.',
    questions: [
      "When is my mother's birthday?",
      'What flowers does my mum like?',
      'What should I get mom as a present?',
    ],
  },
  {
    memory: 'I am reading a novel about a lighthouse keeper in Norway and cannot put it down.',
    questions: ['What book am I reading?', 'What is the novel about?'],
  },
];

/** What asks for no memory at all. */
export const SMALL_TALK: readonly string[] = [
  'ok thanks',
  'lol',
  'good morning!',
  'hi',
  'hello there',
  'thank you so much!',
  'haha that is funny',
  'sounds good',
  'great, thanks a lot',
  'see you later',
  'good night',
  'how are you?',
  "what's up?",
  'cool',
  'nice one',
  'yes please',
  'no problem',
  'wow, amazing!',
  'I see',
  'got it',
  'brb',
  'sure, go ahead',
  'that makes sense',
  'you are the best',
  'hmm let me think',
  'never mind',
  'have a great day!',
  'sorry, I was away',
  'are you there?',
  'tell me a joke',
  'what can you do?',
  'who are you?',
  'I am back',
  'please continue',
  'that is awesome news, congrats!',
  "it's so good to hear from you",
  'take care, bye!',
  'oh no, that is too bad',
];

/** Questions to anybody, whose answer lies in no one's memories. */
export const GENERAL_QUESTIONS: readonly string[] = [
  'What is the capital of Mongolia?',
  'How do I convert miles to kilometres?',
  'Write a regular expression that matches an IPv4 address',
  'What is the difference between TCP and UDP?',
  'Translate this sentence into French, please',
  'How long do I boil an egg?',
  'Who wrote Crime and Punishment?',
  'Explain how photosynthesis works',
  'What time is it in Tokyo?',
  'How many moons does Jupiter have?',
  'Give me a recipe for pancakes',
  'What does HTTP status 418 mean?',
  'Summarize the plot of Hamlet',
  'How do vaccines work?',
  'Is it going to rain tomorrow?',
  'What is the square root of 1764?',
];
