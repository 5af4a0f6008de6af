import { asMerged, asSignal, merge, type Announcement } from './announcement';

describe('what a conversation’s workflow is told of several announcements', () => {
  it.each<[string, Announcement[], number | undefined]>([
    ['somebody has said something', [{ throughSeq: 3 }], 3],
    ['somebody waits for a flush', [{ throughSeq: 3, flushThrough: 5 }], 5],
    ['an import lets go', [{ throughSeq: 3, late: true, imported: true }], undefined],
    ['the sweep has found something', [{ throughSeq: 3, late: true }], undefined],
    ['both, the import first', [{ throughSeq: 9, late: true, imported: true }, { throughSeq: 3 }], 3],
    ['both, the import last', [{ throughSeq: 3 }, { throughSeq: 9, late: true, imported: true }], 3],
  ])('%s', (_, announcements, liveThrough) => {
    const told = asSignal(announcements.map(asMerged).reduce(merge));
    expect(told.liveThrough).toBe(liveThrough);
    expect(told.throughSeq).toBe(Math.max(...announcements.map(({ throughSeq }) => throughSeq)));
  });
});
