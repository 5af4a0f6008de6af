import { Pace } from './pace';

describe('Pace', () => {
  it('lets a burst through, then one at a time', () => {
    const pace = new Pace(10, 3);
    expect([0, 0, 0, 0].map((at) => pace.take(at))).toEqual([0, 0, 0, 100]);
    expect(pace.take(99)).toBe(1);
    expect(pace.take(100)).toBe(0);
  });

  it('never lets more through than its rate, and no rest saves up more than a burst', () => {
    const pace = new Pace(50, 5);
    let taken = 0;
    for (let at = 0; at <= 10_000; at += 1) if (pace.take(at) === 0) taken += 1;
    expect(taken).toBe(5 + 500);
    let burst = 0;
    while (pace.take(1_000_000) === 0) burst += 1;
    expect(burst).toBe(5);
  });
});
